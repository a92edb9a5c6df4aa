"""Pictures and clips measured from their bytes: what an artifact says of itself is not believed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_sdk.contract.adapter import Attachment
from aigc_sdk.contract.errors import first_line

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is. ``upright``: no orientation tag turns it; ``problem``: why it cannot be read, or ""."""

    width: int = 0
    height: int = 0
    format: str = ""
    mode: str = ""
    animated: bool = False
    upright: bool = True
    bytes: int = 0
    problem: str = ""

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / max(1, self.height)


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as it is. ``problem``: why it cannot be read, or ""."""

    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    bytes: int = 0
    problem: str = ""

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / max(1, self.height)


_ORIENTATION = 0x0112


def opened(data: bytes) -> Image.Image:
    """The picture, read to its end. Raises ValueError with the reason if it cannot be read."""
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        why = first_line(error) or type(error).__name__
        raise ValueError(f"cannot be read: {why}") from None
    return picture


def picture(data: bytes) -> Picture:
    """Measures a picture; never raises for what the bytes hold."""
    try:
        found = opened(data)
    except ValueError as error:
        return Picture(bytes=len(data), problem=str(error))
    return Picture(
        width=found.width,
        height=found.height,
        format=found.format or "",
        mode=found.mode,
        animated=getattr(found, "n_frames", 1) > 1,
        upright=found.getexif().get(_ORIENTATION, 1) == 1,
        bytes=len(data),
    )


def clip(attachment: Attachment) -> Clip:
    """Measures a clip: its picture's size, its duration, its weight. Never raises for what the bytes hold."""
    import av

    path = getattr(attachment.artifact, "path", None)
    weight = path.stat().st_size if path is not None else len(attachment.artifact.content())
    try:
        with av.open(str(path) if path is not None else io.BytesIO(attachment.artifact.content())) as container:
            if not container.streams.video:
                return Clip(bytes=weight, problem="has no pictures")
            stream = container.streams.video[0]
            return Clip(stream.codec_context.width, stream.codec_context.height, _duration_s(container, stream), weight)
    except (av.FFmpegError, OSError, ValueError) as error:
        return Clip(bytes=weight, problem=f"cannot be read: {type(error).__name__}")


def _duration_s(container: object, stream: object) -> float:
    """From the container's head; counted from the packets where the head does not tell."""
    import av

    duration = getattr(container, "duration", None)
    if duration:
        return float(duration) / av.time_base
    last = 0.0
    for packet in container.demux(stream):  # type: ignore[attr-defined]
        if packet.pts is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last
