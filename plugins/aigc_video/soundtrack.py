"""The sound of a clip: a recording of any format, decoded, resampled and encoded a little ahead of the pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import Media

CODECS = {"mp4": ("aac", 160_000), "webm": ("libopus", 128_000)}
RATE = 48_000
AHEAD_S = 0.5
"""How far the sound runs ahead of the pictures, so that a player never waits for it."""


def length_s(path: Path) -> float:
    """Seconds of sound in a recording, to the sample.

    Raises:
        InvalidRequest: it cannot be read, or holds no sound.
    """
    samples = 0
    with _opened(path) as container:
        rate = int(container.streams.audio[0].rate)
        try:
            for frame in container.decode(container.streams.audio[0]):
                samples += frame.samples
        except av.FFmpegError as error:
            raise _unreadable(path, error) from None
    if not samples:
        raise InvalidRequest(f"{path} holds no sound", plugin="video")
    return samples / rate


def _opened(path: Path | Media) -> Any:
    try:
        container = av.open(_source(path))
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, error) from None
    if not container.streams.audio:
        container.close()
        raise InvalidRequest(f"{_name(path)} holds no sound", plugin="video")
    return container


def _name(recording: Path | Media) -> str:
    return str(recording if isinstance(recording, Path) else recording.path or "the clip")


def _source(recording: Path | Media) -> Any:
    if isinstance(recording, Media):
        return io.BytesIO(recording.data) if recording.data is not None else str(recording.path)
    return str(recording)


def _unreadable(path: Path | Media, error: OSError | av.FFmpegError) -> InvalidRequest:
    return InvalidRequest(f"cannot read sound from {_name(path)}: {error.strerror or error}", plugin="video")


class Soundtrack:
    """A recording on its way into a clip's container.

    Args:
        path: of the recording, or a clip: its sound then keeps its own time.
        form: of the clip that is written: ``mp4`` or ``webm``.
    """

    def __init__(self, path: Path | Media, form: str) -> None:
        self._source = _opened(path)
        self._form = form
        self._keeps_time = isinstance(path, Media)
        self._stream: Any = None
        self._frames = self._resampled()
        self._waiting: Any = None
        self._samples = 0

    def join(self, container: Any) -> None:
        """Adds the stream to the container; before anything is written."""
        name, bits = CODECS[self._form]
        layout = "mono" if self._source.streams.audio[0].channels == 1 else "stereo"
        self._stream = container.add_stream(name, rate=RATE, layout=layout)
        self._stream.bit_rate = bits if layout == "stereo" else bits // 2
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact

    def until(self, time_s: float | None, container: Any) -> None:
        """Writes the sound up to a little after ``time_s``; all that is left if it is None."""
        limit = None if time_s is None else (time_s + AHEAD_S) * RATE
        while limit is None or self._samples < limit:
            frame = next(self._frames, None)
            if frame is None:
                break
            frame.pts, frame.time_base = self._samples, Fraction(1, RATE)
            self._samples += frame.samples
            container.mux(self._stream.encode(frame))
        if limit is None:
            container.mux(self._stream.encode(None))
            self.close()

    def close(self) -> None:
        """Closes the recording."""
        self._source.close()

    def _resampled(self) -> Iterator[Any]:
        context = self._stream.codec_context
        context.open(strict=False)
        resampler = av.AudioResampler(context.format, context.layout, RATE, frame_size=context.frame_size or 1024)
        for number, frame in enumerate(self._source.decode(self._source.streams.audio[0])):
            if number == 0 and self._keeps_time:
                self._samples = round((frame.time or 0.0) * RATE)
            frame.pts = None
            yield from resampler.resample(frame)
        yield from resampler.resample(None)
