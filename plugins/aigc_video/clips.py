"""Reads clips frame by frame, with the time of each; and their sound, as it is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import Media

from .soundtrack import AHEAD_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

MOST_PIXELS = 64_000_000
_HD = 720
"""Lines from which a clip that does not say it has the colours of HDTV (ITU-R BT.709), not of the old television."""
_UNSPECIFIED = 2
_COPIED = {"mp4": ("aac", "mp3", "ac3", "eac3", "alac"), "webm": ("opus", "vorbis")}
"""Codecs of sound that a format takes as they are, and that its players play."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a clip before it is read.

    Attributes:
        width, height: as it is to be seen. rate: frames per second on average. clock: seconds per tick.
        frames: about how many; None if nothing says. sound: it has some.
    """

    width: int
    height: int
    rate: Fraction
    clock: Fraction
    frames: int | None
    sound: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: RGB of shape (height, width, 3), when it is shown, and for how long (ticks; 0 is unknown)."""

    pixels: Pixels
    at: int
    lasts: int


def source(media: Media) -> Any:
    """What FFmpeg opens: a path, or the bytes as a file."""
    return str(media.path) if media.path is not None else io.BytesIO(media.read())


def look(media: Media) -> About:
    """What is known of a clip.

    Raises:
        InvalidRequest: it cannot be read, has no pictures, or larger ones than 64 million pixels.
    """
    with _opened(media) as container:
        stream = container.streams.video[0]
        first = next(_decoded(container, stream), None)
        if first is None:
            raise InvalidRequest("the clip has no frame", plugin="video")
        if first.width * first.height > MOST_PIXELS:
            raise InvalidRequest(f"the clip has {first.width} x {first.height} pixels", plugin="video")
        pixels = _pixels(first)
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate
        if not rate:
            raise InvalidRequest("the clip does not say how fast it is", plugin="video")
        frames = stream.frames or (round(stream.duration * stream.time_base * rate) if stream.duration else None)
        return About(
            width=pixels.shape[1],
            height=pixels.shape[0],
            rate=Fraction(rate),
            clock=Fraction(stream.time_base),
            frames=frames or None,
            sound=bool(container.streams.audio),
        )


def frames(media: Media) -> Iterator[Frame]:
    """The frames in order. Raises InvalidRequest if the clip is damaged."""
    with _opened(media) as container:
        stream = container.streams.video[0]
        last = None
        for frame in _decoded(container, stream):
            at = frame.pts if frame.pts is not None else (0 if last is None else last + 1)
            if last is not None and at <= last:
                continue  # a frame that is shown for no time
            last = at
            yield Frame(_pixels(frame), at, int(frame.duration or 0))


class CopiedSound:
    """A clip's sound on its way into another container, packet by packet, as it is."""

    def __init__(self, media: Media) -> None:
        self._source = _opened(media)
        self._from = self._source.streams.audio[0]
        self._stream: Any = None
        self._packets = iter(self._source.demux(self._from))
        self._next: Any = None

    @staticmethod
    def fits(media: Media, form: str) -> bool:
        """True if the format takes this sound as it is."""
        with _opened(media) as container:
            return container.streams.audio[0].codec_context.name in _COPIED.get(form, ())

    def join(self, container: Any) -> None:
        self._stream = container.add_stream_from_template(self._from)

    def until(self, time_s: float | None, container: Any) -> None:
        while True:
            self._next = self._next or next(self._packets, None)
            packet = self._next
            if packet is None:
                break
            if packet.dts is not None:
                if time_s is not None and packet.dts * packet.time_base > time_s + AHEAD_S:
                    return
                packet.stream = self._stream
                container.mux(packet)
            self._next = None
        if time_s is None:
            self.close()

    def close(self) -> None:
        self._source.close()


def _opened(media: Media) -> Any:
    try:
        container = av.open(source(media))
    except (av.FFmpegError, OSError) as error:
        name = media.path or "the clip"
        raise InvalidRequest(f"cannot read {name}: {error.strerror or error}", plugin="video") from None
    if not container.streams.video:
        container.close()
        raise InvalidRequest("the file has no moving pictures", plugin="video")
    return container


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    stream.thread_type = "AUTO"
    try:
        yield from container.decode(stream)
    except av.FFmpegError as error:
        raise InvalidRequest(f"the clip is damaged: {error.strerror or error}", plugin="video") from None


def _pixels(frame: Any) -> Pixels:
    """RGB as it is to be seen: turned, and with the colours that the clip means."""
    given = {"format": "rgb24", "dst_color_range": ColorRange.JPEG}
    if frame.format.name.startswith("yuv") and frame.colorspace == _UNSPECIFIED:
        given["src_colorspace"] = Colorspace.ITU709 if frame.height >= _HD else Colorspace.ITU601
    pixels = frame.reformat(**given).to_ndarray()
    turns = round((frame.rotation or 0) / 90) % 4
    return np.rot90(pixels, turns) if turns else pixels
