"""Reads a recording of any format, rate, channels and length, a window at a time, as 16 kHz mono. By FFmpeg."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import Media

if TYPE_CHECKING:
    from .voice import Samples

RATE = 16_000
"""Hz; what speech recognition models listen at."""
WINDOW_S = 30.0
"""Seconds that Whisper hears at once."""
_SEARCH_S = 5.0
"""A window ends at the quietest place of its last seconds."""
_FRAME_S = 0.1
_SILENT = 10 ** (-60 / 20)
"""Level (root mean square of a tenth of a second, 1 is full scale) below which nothing is said."""
_FAINT = 10 ** (-45 / 20)
"""Part of the loudest tenth of a second below which, at a window's ends, nothing is said."""
_MARGIN = 3
"""Tenths of a second kept beside what is said."""
_BROKEN_PACKETS = 50
"""Damaged packets in a row after which a file counts as unreadable."""


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a recording: its samples (-1 to 1, at :data:`RATE`), and where it begins, in seconds."""

    samples: Samples
    start_s: float

    def audible(self) -> Window | None:
        """The window without the silence at its ends, which a model would take for slow speech; None if it is all."""
        levels = _levels(self.samples)
        loud = np.flatnonzero(levels > max(_SILENT, _FAINT * float(levels.max())))
        if not len(loud):
            return None
        frame = int(_FRAME_S * RATE)
        first = max(0, int(loud[0]) - _MARGIN) * frame
        last = (int(loud[-1]) + 1 + _MARGIN) * frame
        return Window(self.samples[first:last], self.start_s + first / RATE)


def check(media: Media) -> float | None:
    """Looks at the recording's beginning.

    Returns:
        Its length in seconds, if the file says so.

    Raises:
        InvalidRequest: it cannot be read, is no sound or video file, or holds no sound.
    """
    with _opened(media) as container:
        stream = _sound(container)
        first = next(_frames(container, stream), None)
        if first is None:
            raise InvalidRequest("the recording is empty", plugin="audio", fix="give a recording that has sound")
        if container.duration is not None:
            return float(container.duration) / 1_000_000
        return None


def windows(media: Media) -> Iterator[Window]:
    """The recording in windows of at most :data:`WINDOW_S` seconds, cut where it is quiet; memory does not grow.

    Raises:
        InvalidRequest: as :func:`check`, or the file is damaged too badly to go on.
    """
    held = np.zeros(0, np.float32)
    begun = 0
    size = int(WINDOW_S * RATE)
    for piece in _samples(media):
        held = np.concatenate((held, piece))
        while len(held) > size:
            cut = _quietest(held[:size])
            yield Window(held[:cut], begun / RATE)
            held, begun = held[cut:], begun + cut
    if len(held):
        yield Window(held, begun / RATE)


def _samples(media: Media) -> Iterator[Samples]:
    resampler = av.AudioResampler("flt", "mono", RATE)
    with _opened(media) as container:
        for frame in _frames(container, _sound(container)):
            yield from _plain(resampler.resample(frame))
        yield from _plain(resampler.resample(None))


def _plain(frames: list[Any]) -> Iterator[Samples]:
    for frame in frames:
        yield frame.to_ndarray().reshape(-1)


def _opened(media: Media) -> Any:
    source = str(media.path) if media.path is not None else io.BytesIO(media.read())
    try:
        return av.open(source, "r", metadata_errors="ignore")
    except FileNotFoundError:
        raise InvalidRequest(f"there is no file {media.path}", plugin="audio") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        name = str(media.path or "the recording")
        why = getattr(error, "strerror", None) or str(error)
        fix = "give a sound or video file: wav, flac, mp3, ogg, m4a, mp4, webm, ..."
        raise InvalidRequest(f"{name} is not a sound file ({why})", plugin="audio", fix=fix) from None


def _sound(container: Any) -> Any:
    if not container.streams.audio:
        raise InvalidRequest("the file holds no sound", plugin="audio", fix="give a recording that has sound")
    return container.streams.audio[0]


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """The decoded frames; damaged packets are skipped as a player does, but not without end."""
    broken, good = 0, 0
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    broken, good = 0, good + 1
                    frame.pts = None  # time stamps with gaps or jumps would stop the resampler
                    yield frame
            except av.InvalidDataError as error:
                broken += 1
                if broken > _BROKEN_PACKETS or (not good and packet.dts is None):
                    raise _damaged(error) from None
    except av.FFmpegError as error:
        raise _damaged(error) from None
    if not good and broken:
        raise _damaged(None)


def _damaged(error: Exception | None) -> InvalidRequest:
    why = f" ({getattr(error, 'strerror', None) or error})" if error else ""
    return InvalidRequest(f"the recording is damaged{why}", plugin="audio", fix="give a file that a player can play")


def _quietest(samples: Samples) -> int:
    """Where to cut: the middle of the quietest tenth of a second of the last seconds."""
    frame = int(_FRAME_S * RATE)
    start = len(samples) - int(_SEARCH_S * RATE)
    return start + int(np.argmin(_levels(samples[start:]))) * frame + frame // 2


def _levels(samples: Samples) -> Samples:
    frame = int(_FRAME_S * RATE)
    count = max(1, len(samples) // frame)
    parts = samples[: count * frame].reshape(count, -1)
    return np.asarray(np.sqrt(np.mean(np.square(parts), axis=1)), np.float32)
