"""Pictures for layouts: opened whatever they are, freed of a plain background where they have one, never distorted."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...contract.errors import InvalidRequest, MissingExtra
from .colours import oklch

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 64_000_000
"""Largest picture opened, in pixels."""
LARGEST = 2048
"""Longest side that a layout has use for; larger pictures are scaled down when they are opened."""

_MASK = 384
"""Longest side at which a background is looked for."""
_PLAIN = 26
"""How far (0 to 255 in each channel) a background's pixels may be from one another."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a creative shows.

    Attributes:
        png: the picture, RGBA, trimmed if it is cut out. width, height: its pixels.
        cut_out: it stands free of its background; otherwise it is a rectangle with something in every corner.
        colour: its main colour, ``#rrggbb``; None if it has none but greys.
    """

    png: bytes
    width: int
    height: int
    cut_out: bool
    colour: str | None


def open_picture(data: bytes, name: str) -> Image:
    """The picture as RGBA, upright (EXIF), of an animation the first frame, at most :data:`LARGEST` pixels a side.

    Raises:
        InvalidRequest: not a picture, damaged, or of more than :data:`MAX_PIXELS`.
        MissingExtra: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError as error:
        raise MissingExtra("image", [str(error.name)]) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise InvalidRequest(
                        f"{name} has {opened.width} x {opened.height} pixels", fix=f"at most {MAX_PIXELS:,} in all"
                    )
                opened.draft("RGB", (LARGEST, LARGEST))  # JPEG: decodes no more than is needed
                upright = ImageOps.exif_transpose(opened)
                picture = upright.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidRequest(
            f"{name} is no picture that can be read ({error or type(error).__name__})",
            fix="give a PNG, JPEG or WebP file",
        ) from None
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def subject(data: bytes, name: str) -> Subject:
    """What a picture shows: cut out if it has transparency or stands on a plain background, whole otherwise.

    Raises:
        As :func:`open_picture`; InvalidRequest too if there is nothing to see.
    """
    picture = open_picture(data, name)
    seen = picture.getchannel("A").histogram()
    if not any(seen[1:]):
        raise InvalidRequest(f"{name} shows nothing: it is transparent", fix="give another picture")
    cut = picture if any(seen[:128]) else _without_background(picture)
    if cut is not None:
        picture = cut.crop(cut.getchannel("A").point(lambda value: 255 if value > 16 else 0).getbbox())
    return Subject(as_png(picture), picture.width, picture.height, cut is not None, main_colour(picture))


def main_colour(picture: Image) -> str | None:
    """The colour that a picture is remembered by: what covers much of it and is not grey."""
    small = picture.copy()
    small.thumbnail((96, 96))
    opaque = small.getchannel("A").point(lambda value: 255 if value > 200 else 0)
    pixels = [pixel for pixel, (covers,) in zip(_pixels(small.convert("RGB")), _pixels(opaque), strict=True) if covers]
    if not pixels:
        return None
    from PIL import Image

    strip = Image.frombytes("RGB", (len(pixels), 1), b"".join(pixels))
    table = strip.quantize(8)
    palette = table.getpalette() or []
    weights: dict[str, float] = {}
    for index, count in enumerate(table.histogram()[: len(palette) // 3]):
        colour = "#" + "".join(f"{channel:02x}" for channel in palette[3 * index : 3 * index + 3])
        lightness, chroma, _ = oklch(colour)
        if chroma >= 0.04 and 0.2 < lightness < 0.95:
            weights[colour] = count * chroma
    share = sum(weights.values()) / len(pixels)
    return max(weights, key=lambda colour: weights[colour]) if share > 0.01 else None


def _pixels(picture: Image) -> list[bytes]:
    data, size = picture.tobytes(), len(picture.getbands())
    return [data[i : i + size] for i in range(0, len(data), size)]


def _without_background(picture: Image) -> Image | None:
    """The picture with a transparent background, or None if its background is not plain or it would fall apart."""
    from PIL import Image, ImageChops, ImageDraw, ImageFilter

    small = picture.convert("RGB")
    small.thumbnail((_MASK, _MASK))
    background = _border_colour(small)
    if background is None:
        return None
    framed = Image.new("RGB", (small.width + 2, small.height + 2), background)
    framed.paste(small, (1, 1))
    marker = (255, 0, 255) if background != (255, 0, 255) else (0, 255, 0)
    ImageDraw.floodfill(framed, (0, 0), marker, thresh=_PLAIN)
    red, green, blue = ImageChops.difference(framed, Image.new("RGB", framed.size, marker)).split()
    unlike = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    inside = unlike.point(lambda value: 255 if value else 0).crop((1, 1, small.width + 1, small.height + 1))
    covered = inside.histogram()[255] / (small.width * small.height)
    if not 0.04 <= covered <= 0.92:
        return None
    # A pixel less all round takes the seam of the old background away; the blur makes the edge smooth again.
    soft = inside.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(1.1))
    alpha = soft.resize(picture.size, Image.Resampling.BICUBIC).point(lambda value: min(255, max(0, 2 * value - 140)))
    cut = picture.copy()
    cut.putalpha(alpha)
    return cut


def _border_colour(picture: Image) -> tuple[int, int, int] | None:
    """The colour of the frame's outermost pixels, if they are all alike and light."""
    width, height = picture.size
    edges = [
        pixel
        for box in ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
        for pixel in _pixels(picture.crop(box))
    ]
    middle = tuple(sorted(channel)[len(edges) // 2] for channel in zip(*edges, strict=True))
    alike = sum(max(abs(a - b) for a, b in zip(pixel, middle, strict=True)) <= _PLAIN for pixel in edges)
    return (middle[0], middle[1], middle[2]) if alike >= 0.97 * len(edges) else None


def as_png(picture: Image) -> bytes:
    """Encoded quickly: for the typesetter, not for keeping."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
