"""Prepares the pictures that the typesetter places: scaled once, with a shadow, cropped but never distorted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from .colours import Theme, contrast, luminance
from .geometry import Box, Element
from .pictures import Subject, as_png

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

_CROP = 0.72
"""A photo keeps at least this share of its width and height."""
_SHADOW = 0.22


def place_picture(subject: Subject, room: Box, theme: Theme, folder: Path) -> list[Element]:
    """Elements that show the subject in ``room``; its picture is written to ``folder``."""
    return _cut_out(subject, room, theme, folder) if subject.cut_out else _photo(subject, room, folder)


def fills_without_loss(subject: Subject, room: Box) -> bool:
    """True if the photo can fill the room, edge to edge, with no more cropped than is always allowed."""
    own, wanted = subject.width / subject.height, room.width / room.height
    return own * _CROP <= wanted <= own / _CROP


def _cut_out(subject: Subject, room: Box, theme: Theme, folder: Path) -> list[Element]:
    """The object on a disc, a little shadow under it."""
    size = min(room.width, room.height)
    disc = Box(room.x + (room.width - size) / 2, room.y + (room.height - size) / 2, size, size)
    # What is wide may reach over the disc's sides, what is tall stays in it.
    scale = min(min(room.width, 1.02 * size) / subject.width, 0.76 * size / subject.height)
    if subject.width * scale > 0.74 * size:
        scale = min(scale, max(0.74 * size, 0.5 * (0.74 + 1.02) * size) / subject.width)
    width, height = max(1, round(subject.width * scale)), max(1, round(subject.height * scale))
    picture = _open(subject.png).resize((width, height), _lanczos())
    canvas, left, top = _with_shadow(picture, theme)
    (folder / "subject.png").write_bytes(as_png(canvas))
    x, y = disc.x + (size - width) / 2 - left, disc.y + (size - height) / 2 - top
    file = {"file": "subject.png", "fit": "stretch", "radius": 0}
    return [
        {"kind": "disc", "fill": theme.halo, **_at(disc)},
        {"kind": "picture", **file, **_at(Box(round(x), round(y), canvas.width, canvas.height))},
    ]


def _photo(subject: Subject, room: Box, folder: Path) -> list[Element]:
    """The photo as a card with round corners, cropped a little where that fills the room better."""
    own = subject.width / subject.height
    ratio = min(max(room.width / room.height, own * _CROP), own / _CROP)
    width = min(room.width, room.height * ratio)
    height = width / ratio
    card = Box(
        round(room.x + (room.width - width) / 2),
        round(room.y + (room.height - height) / 2),
        max(1, round(width)),
        max(1, round(height)),
    )
    from PIL import ImageOps

    size = (int(card.width), int(card.height))
    picture = ImageOps.fit(_open(subject.png), size, _lanczos())
    (folder / "subject.png").write_bytes(as_png(picture))
    radius = 0 if card.x == 0 and card.y == 0 else 0.045 * min(card.width, card.height)
    return [{"kind": "picture", "file": "subject.png", "fit": "stretch", "radius": radius, **_at(card)}]


def _with_shadow(picture: Image, theme: Theme) -> tuple[Image, int, int]:
    """The picture on a larger transparent canvas with a soft shadow at its foot, and the margins left and above."""
    from PIL import Image, ImageDraw, ImageFilter

    blur = max(1.0, 0.03 * picture.width)
    margin = round(3 * blur)
    canvas = Image.new("L", (picture.width + 2 * margin, picture.height + 2 * margin), 0)
    flat = 0.05 * picture.width
    foot = margin + picture.height - flat * 0.3
    ends = (margin + 0.1 * picture.width, margin + 0.9 * picture.width)
    ImageDraw.Draw(canvas).ellipse((ends[0], foot - flat, ends[1], foot + flat), fill=round(255 * _SHADOW))
    shadow = Image.new("RGBA", canvas.size, "#1a1410")
    shadow.putalpha(canvas.filter(ImageFilter.GaussianBlur(blur)))
    shadow.alpha_composite(picture, (margin, margin))
    return shadow, margin, margin


def logo_plate(logo: Subject, theme: Theme) -> str | None:
    """The colour of a plate behind the logo, or None if the logo stands out by itself."""
    if not logo.cut_out:
        return None
    small = _open(logo.png)
    small.thumbnail((48, 48))
    data = small.tobytes()
    pixels = [data[i : i + 4] for i in range(0, len(data), 4)]
    inks = [f"#{p[0]:02x}{p[1]:02x}{p[2]:02x}" for p in pixels if p[3] > 200]
    unlike = sum(contrast(ink, theme.background) >= 2.5 for ink in inks)
    if not inks or unlike >= 0.7 * len(inks):
        return None
    light = sum(luminance(ink) for ink in inks) / len(inks)
    return "#ffffff" if light < 0.4 else "#16181d"


def _at(box: Box) -> dict[str, float]:
    return {"x": box.x, "y": box.y, "width": box.width, "height": box.height}


def _open(png: bytes) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(png)).convert("RGBA")


def _lanczos() -> Resampling:
    from PIL.Image import Resampling

    return Resampling.LANCZOS
