"""Encodes the frames of a clip, a step each, and makes the artifact."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from aigc_sdk.contract.artifacts import VideoArtifact
from aigc_sdk.contract.events import Completed, Event, Progress
from aigc_sdk.contract.spool import keep_file, new_file

from .encode import MEDIA_TYPES, VideoFile
from .order import Order
from .soundtrack import Soundtrack
from .timeline import Timeline

Steps = Generator[Event, None, None]

SMALL = 16_000_000
"""Bytes up to which a clip is kept in memory."""


def written(
    timeline: Timeline,
    order: Order,
    size: tuple[int, int],
    cancelled: Callable[[], bool],
    notes: Sequence[str] = (),
    *,
    what: str = "drawing frames",
) -> Steps:
    """The events of writing a clip; if it is cancelled they just end, and nothing is left.

    Raises:
        AigcError: the disk is full.
    """
    sound = Soundtrack(order.sound, order.form) if order.sound is not None else None
    file = VideoFile(new_file(order.form), order.form, *size, order.fps, sound=sound, cues=order.cues)
    done = False
    try:
        for number, pixels in enumerate(timeline.frames(), 1):
            if cancelled():
                return
            file.write(pixels)
            yield Progress(number, len(timeline), what)
        file.close()
        done = True
    finally:
        if not done:
            file.abandon()
    yield completed(file, order.form, notes)


def completed(file: VideoFile, form: str, notes: Sequence[str] = (), *, seconds: float | None = None) -> Completed:
    """The last event of a finished file.

    Args:
        seconds: its length, where frames came with times of their own.
    """
    if file.padded:
        size = f"{file.width} x {file.height}"
        notes = (*notes, f"made even for {form}: {size}, by repeating the last column or row")
    artifact = VideoArtifact(
        width=file.width,
        height=file.height,
        fps=float(file.fps) if seconds is None else file.frames / seconds,
        frames=file.frames,
        media_type=MEDIA_TYPES[form],
        **keep_file(file.path, small=SMALL),
    )
    return Completed(artifact, {"seconds": artifact.duration_s}, tuple(notes))
