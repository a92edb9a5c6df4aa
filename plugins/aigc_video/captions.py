"""Burns captions into frames: large, outlined, inside the safe area, in any script that the font has."""

from __future__ import annotations

import contextlib
import functools
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from aigc_sdk.contract.errors import InvalidRequest

from .subtitles import Cue

_SIZE = 0.066
"""Height of a letter's square, in parts of the clip's shorter side."""
_SIDE = 0.08
"""Kept free left and right, in parts of the width (EBU R 95 asks for 5%)."""
_BELOW = 0.09
_BELOW_TALL = 0.2
"""Kept free below, in parts of the height; in tall clips the buttons of stories and reels are there."""
_OUTLINE = 0.1
_WEIGHT = 600
"""Of variable fonts: semi-bold."""
_LINES = 3
_SMALLEST = 0.6


class Captions:
    """Cues as pictures that are laid over frames.

    Args:
        size: of the frames. font: a TrueType or OpenType file; None is Pillow's own, which has Latin letters.

    Raises:
        InvalidRequest: the font cannot be read, or lacks a character.
    """

    def __init__(self, cues: Sequence[Cue], size: tuple[int, int], fps: Fraction, font: Path | None) -> None:
        self._cues = cues
        self._size = size
        self._font = font
        self._spans = [(round(cue.start_s * fps), round(cue.end_s * fps)) for cue in cues]
        check_characters(cues, font)
        self._drawn = functools.lru_cache(maxsize=4)(self._draw)

    def on(self, picture: Image.Image, number: int) -> Image.Image:
        """The frame of that number with its caption, if it has one then."""
        shown = [cue.text for cue, (first, end) in zip(self._cues, self._spans, strict=True) if first <= number < end]
        if not shown:
            return picture
        layer, corner = self._drawn("\n".join(shown))
        captioned = picture.copy()
        captioned.paste(layer, corner, layer)
        return captioned

    def _draw(self, text: str) -> tuple[Image.Image, tuple[int, int]]:
        width, height = self._size
        room = width * (1 - 2 * _SIDE)
        points = max(9.0, _SIZE * min(width, height) * (1.2 if width < height else 1.0))
        lines, font = self._fitted(text, room, points)
        outline = max(1, round(font.size * _OUTLINE))
        draw = ImageDraw.Draw(Image.new("L", (1, 1)))
        spacing = font.size * 0.28
        joined = "\n".join(lines)
        box = draw.multiline_textbbox((0, 0), joined, font=font, spacing=spacing, align="center", stroke_width=outline)
        layer = Image.new("RGBA", (int(box[2] - box[0]) + 4, int(box[3] - box[1]) + 4), (10, 12, 16, 0))
        ImageDraw.Draw(layer).multiline_text(
            (2 - box[0], 2 - box[1]),
            joined,
            font=font,
            fill=(255, 255, 255, 255),
            spacing=spacing,
            align="center",
            stroke_width=outline,
            stroke_fill=(10, 12, 16, 255),
        )
        below = _BELOW_TALL if height > 1.25 * width else _BELOW
        return layer, ((width - layer.width) // 2, max(0, round(height * (1 - below)) - layer.height))

    def _fitted(self, text: str, room: float, points: float) -> tuple[list[str], ImageFont.FreeTypeFont]:
        """The lines, in a font that is made smaller where they would be too many or too wide."""
        font = _font(self._font, points)
        lines = wrapped(text, font, room)
        size = points
        while (len(lines) > _LINES or any(font.getlength(line) > room for line in lines)) and size > points * _SMALLEST:
            size *= 0.92
            font = _font(self._font, size)
            lines = wrapped(text, font, room)
        return lines, font


def wrapped(text: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """Lines no wider than ``room`` pixels, about equally long: at spaces, and between Chinese characters."""
    lines = []
    for paragraph in text.splitlines():
        pieces = _pieces(paragraph.strip())
        greedy = _filled(pieces, font, room)
        narrow = room
        # As narrow as the same number of lines allows: two equal lines read better than a long and a short one.
        while len(greedy) > 1 and len(_filled(pieces, font, narrow * 0.95)) == len(greedy) and narrow > room / 3:
            narrow *= 0.95
        lines += _filled(pieces, font, narrow)
    return lines


def _filled(pieces: Sequence[str], font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and font.getlength((lines[-1] + piece).rstrip()) > room:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines if line.strip()]


def _pieces(text: str) -> list[str]:
    """Where a line may end: after a space, and after a Chinese, Japanese or Korean character but before punctuation."""
    pieces = [""]
    for at, character in enumerate(text):
        pieces[-1] += character
        following = text[at + 1 : at + 2]
        ends = character.isspace() or (_is_wide(character) or (following and _is_wide(following)))
        if ends and not (following and unicodedata.category(following).startswith("P")):
            pieces.append("")
    return [piece for piece in pieces if piece]


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


@functools.lru_cache(maxsize=8)
def _font(path: Path | None, points: float) -> ImageFont.FreeTypeFont:
    if path is None:
        font = ImageFont.load_default(points)
        assert isinstance(font, ImageFont.FreeTypeFont)
        return font
    try:
        font = ImageFont.truetype(str(path), points)
    except OSError as error:
        raise InvalidRequest(f"cannot read the font {path}: {error}", plugin="video") from None
    with contextlib.suppress(OSError, NotImplementedError):  # a font of one weight
        axes = font.get_variation_axes()
        weights = [_bold(axis) if b"eight" in (axis["name"] or b"") else float(axis["default"] or 0) for axis in axes]
        font.set_variation_by_axes(weights)
    return font


def _bold(axis: Mapping[str, Any]) -> float:
    """A variable font's own weight may be hair-thin, and its outline would swallow it."""
    return float(min(axis["maximum"], max(axis["minimum"], _WEIGHT)))


def check_characters(cues: Sequence[Cue], path: Path | None) -> None:
    """Raises InvalidRequest if the font has no picture of a character: a box would be shown in its place."""
    text = "".join(cue.text for cue in cues)
    font = _font(path, 32)
    nothing = bytes(font.getmask("\U0010fffe"))
    lacks = [c for c in dict.fromkeys(text) if not c.isspace() and bytes(font.getmask(c)) == nothing]
    if lacks:
        name = path.name if path is not None else "the built-in font"
        what = f"{name} cannot show {' '.join(lacks[:12])}"
        raise InvalidRequest(
            what, plugin="video", fix="name a font file that can, such as --option font=NotoSansSC.otf"
        )
