"""Writes a clip to a file while it is made: mp4 (H.264, AAC), webm (VP9, Opus) or gif. By FFmpeg, through PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from aigc_sdk.contract.errors import InvalidRequest

from .disk import written
from .palette import Palette
from .subtitles import Cue, SubtitleTrack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

MEDIA_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}
THREADS = 4
"""Of the encoder, on every machine: what x264 and libvpx write depends on their number."""
_GIF_CLOCK = Fraction(1, 100)
"""A gif counts its frames' times in hundredths of a second (https://www.w3.org/Graphics/GIF/spec-gif89a.txt)."""
GIF_FASTEST = 50
"""Frames per second; viewers slow a gif down whose frames are shorter than two hundredths of a second."""
_BT709 = 1
_LIMITED = 1


@dataclass(frozen=True, slots=True)
class Codec:
    """How a format's pictures are encoded. ``even``: width and height must be."""

    name: str
    pixels: str
    options: dict[str, str]
    even: bool = False


CODECS = {
    # crf 17 and "animation": flat colours and sharp edges stay clean (https://trac.ffmpeg.org/wiki/Encode/H.264).
    # Without mbtree, because what x264 makes with it on processors with AVX-512 is not the same every time.
    "mp4": Codec(
        "libx264",
        "yuv420p",
        {"crf": "17", "preset": "medium", "tune": "animation", "x264-params": "mbtree=0"},
        even=True,
    ),
    # Constant quality; cpu-used 4 is five times as fast as the default at nearly its quality.
    "webm": Codec(
        "libvpx-vp9",
        "yuv420p",
        {"crf": "26", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "tile-columns": "1"},
    ),
    "gif": Codec("gif", "pal8", {}),
}


def rate(fps: float) -> Fraction:
    """Frames per second as a fraction: 29.97 and its kind are 30000/1001."""
    for whole in (24, 30, 48, 60, 120):
        if abs(fps - whole * 1000 / 1001) < 0.005:
            return Fraction(whole * 1000, 1001)
    return Fraction(fps).limit_denominator(1000)


def frame_count(duration_s: float, fps: float) -> int:
    """Frames of a clip of that length.

    Raises:
        InvalidRequest: there would be none.
    """
    count = int(duration_s * rate(fps) + Fraction(1, 2))
    if count < 1:
        what = f"a clip of {duration_s:g} s at {fps:g} frames per second has no frame"
        raise InvalidRequest(what, plugin="video", fix=f"make it at least {1 / fps:.3g} s long")
    return count


def check_rate(form: str, fps: float) -> None:
    """Raises InvalidRequest if the format has no such frame rate."""
    if form == "gif" and fps > GIF_FASTEST:
        what = f"a gif has at most {GIF_FASTEST} frames per second, not {fps:g}"
        raise InvalidRequest(what, plugin="video", fix="a lower rate, or mp4 or webm")


def padding(form: str, width: int, height: int) -> tuple[int, int]:
    """Columns and rows that the format needs on top: H.264 with 4:2:0 colour has even sides."""
    return (width % 2, height % 2) if CODECS[form].even else (0, 0)


class Sound(Protocol):
    """What is heard, on its way into a clip's container."""

    def join(self, container: Any) -> None:
        """Adds a stream; before anything is written."""

    def until(self, time_s: float | None, container: Any) -> None:
        """Writes what is heard up to a little after ``time_s``; all that is left if it is None."""

    def close(self) -> None:
        """Gives back what it holds."""


class VideoFile:
    """A clip in the making. Memory does not grow with its length.

    Args:
        form: ``mp4``, ``webm`` or ``gif``. width, height: of the frames; an odd one is made even by repeating the last
            column or row where the format wants that.
        fps: frames per second.
        clock: seconds per tick, where frames come with times of their own; None counts frames.
        sound: what is heard. cues: a subtitle track; not in a gif.

    Attributes:
        width, height: as in the file. frames: written so far.

    Raises, from all methods:
        AigcError: the disk is full or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        form: str,
        width: int,
        height: int,
        fps: Fraction,
        *,
        clock: Fraction | None = None,
        sound: Sound | None = None,
        cues: tuple[Cue, ...] = (),
    ) -> None:
        self.path = path
        self.fps = fps
        self.frames = 0
        self._lasts: dict[int, int] = {}
        self._pad = padding(form, width, height)
        self.width, self.height = width + self._pad[0], height + self._pad[1]
        self._codec = CODECS[form]
        self._clock = clock or 1 / fps
        self._palette = Palette(self.width, self.height, _GIF_CLOCK) if form == "gif" else None
        # bitexact: no version of FFmpeg and no random number in the file; the same frames are the same bytes.
        options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if form == "mp4" else {})
        self._sound = sound if form != "gif" else None
        self._subtitles: SubtitleTrack | None = None
        with written(path):
            self._container = av.open(str(path), "w", format=form, container_options=options)
        try:
            self._open(form, cues)
        except BaseException:
            self.abandon()
            raise

    def _open(self, form: str, cues: tuple[Cue, ...]) -> None:
        """Adds the streams and begins the file."""
        with written(self.path):
            self._stream: Any = self._picture_stream(form)
            if self._sound is not None:
                self._sound.join(self._container)
            if cues and form != "gif":
                self._subtitles = SubtitleTrack(self._container, form, cues)
            # Written with the first packet otherwise: an encoder that looks ahead may have none before the end.
            self._container.start_encoding()

    def _picture_stream(self, form: str) -> Any:
        stream: Any = self._container.add_stream(self._codec.name, rate=self.fps, options=dict(self._codec.options))
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, self._codec.pixels
        context = stream.codec_context
        context.time_base = _GIF_CLOCK if form == "gif" else self._clock
        context.flags |= av.codec.context.Flags.bitexact
        context.thread_count = THREADS
        if form != "gif":
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED
        return stream

    @property
    def padded(self) -> bool:
        """Columns or rows were repeated."""
        return any(self._pad)

    def write(self, pixels: Pixels, at: int | None = None, lasts: int = 1) -> None:
        """Appends a frame: RGB of shape (height, width, 3).

        Args:
            at, lasts: when it is shown and for how long, in ticks of the clock; None is after the one before.
        """
        if any(self._pad):
            pixels = np.pad(pixels, ((0, self._pad[1]), (0, self._pad[0]), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        ticks = self.frames if at is None else at
        with written(self.path):
            if self._sound is not None:
                self._sound.until(float(ticks * self._clock), self._container)
            if self._subtitles is not None:
                self._subtitles.until(float(ticks * self._clock), self._container)
            for ready in self._encodable(frame, ticks):
                self._lasts[ready.pts] = lasts
                self._mux(self._stream.encode(ready))
        self.frames += 1

    def _encodable(self, frame: Any, ticks: int) -> Iterator[Any]:
        if self._palette is not None:
            frame.pts, frame.time_base = round(ticks * self._clock / _GIF_CLOCK), _GIF_CLOCK
            yield self._palette.apply(frame)
            return
        frame = frame.reformat(
            format=self._codec.pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
        )
        frame.pts, frame.time_base = ticks, self._clock
        yield frame

    def _mux(self, packets: Iterable[Any]) -> None:
        """Says how long a frame lasts: encoders take the usual, with which the last one may end too early or late."""
        for packet in packets:
            lasts = self._lasts.pop(packet.pts, 1)
            if self._palette is None:
                packet.duration = lasts
            self._container.mux(packet)

    def close(self) -> None:
        """Ends the file."""
        with written(self.path):
            self._mux(self._stream.encode(None))
            if self._sound is not None:
                self._sound.until(None, self._container)
            if self._subtitles is not None:
                self._subtitles.until(None, self._container)
            self._container.close()

    def abandon(self) -> None:
        """Closes and removes the unfinished file."""
        try:
            self._container.close()
        except (av.FFmpegError, ValueError, OSError):
            pass
        finally:
            if self._sound is not None:
                self._sound.close()
            self.path.unlink(missing_ok=True)
