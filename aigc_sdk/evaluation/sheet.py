"""The contact sheet: every picture over its prompt, those that were marked wrong with what was seen in them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from .marks import Mark

COLUMNS = 10
_LINE, _LINES, _PAD = 15, 3, 6
_INK, _WRONG = (40, 40, 40), (190, 30, 30)


def sheet(pictures: Sequence[Image.Image], marks: Sequence[Mark], font: bytes | None, side: int) -> Image.Image:
    """One picture with all of them, ten to a row.

    Args:
        font: a font file with the prompts' characters; None is Pillow's own, which has Latin letters alone.
        side: pixels of each picture's longer side.
    """
    letters = _letters(font)
    cell = side + 2 * _PAD, side + _LINES * _LINE + 2 * _PAD
    rows = -(-len(pictures) // COLUMNS)
    whole = Image.new("RGB", (cell[0] * min(COLUMNS, len(pictures)), cell[1] * rows), "white")
    pen = ImageDraw.Draw(whole)
    for place, (picture, mark) in enumerate(zip(pictures, marks, strict=True)):
        left, top = place % COLUMNS * cell[0] + _PAD, place // COLUMNS * cell[1] + _PAD
        factor = side / max(picture.size)
        small = picture.resize(
            (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS
        )
        whole.paste(small, (left + (side - small.width) // 2, top + side - small.height), _alpha(small))
        lines = [(line, _INK) for line in _wrapped(mark.prompt.text, letters, side)][: _LINES - bool(wrong(mark))]
        for number, (line, ink) in enumerate([*lines, *((text, _WRONG) for text in [wrong(mark)] if text)]):
            pen.text((left, top + side + 2 + number * _LINE), _cut(line, letters, side), ink, letters)
    return whole


def wrong(mark: Mark) -> str:
    """What is wrong with the picture, in a few words; "" if nothing is."""
    seen = [] if mark.concept_right else [mark.shown]
    seen += [mark.style or ""] if not mark.style_right else []
    seen += [mark.colour or ""] if not mark.colour_right else []
    return "seen: " + ", ".join(seen) if seen else ""


def _letters(font: bytes | None) -> ImageFont.FreeTypeFont:
    size = round(_LINE * 0.8)
    found = ImageFont.truetype(io.BytesIO(font), size) if font else ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


def _alpha(picture: Image.Image) -> Image.Image | None:
    return picture.getchannel("A") if "A" in picture.getbands() else None


def _wrapped(text: str, letters: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines that are not wider than the picture; Chinese is broken anywhere, English between words."""
    lines = [""]
    pieces = text.split(" ") if " " in text and text.isascii() else list(text)
    space = " " if len(pieces) and text.isascii() else ""
    for piece in pieces:
        longer = f"{lines[-1]}{space if lines[-1] else ''}{piece}"
        if lines[-1] and letters.getlength(longer) > width:
            lines.append(piece.strip())
        else:
            lines[-1] = longer
    return lines


def _cut(line: str, letters: ImageFont.FreeTypeFont, width: int) -> str:
    while line and letters.getlength(line) > width:
        line = line[:-1]
    return line
