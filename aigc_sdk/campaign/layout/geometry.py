"""Where things go: one arrangement for each kind of shape, all of them inside the safe area.

An arrangement is a list of elements for ``creative.typ``: discs, panels, pictures, and columns of text that size
themselves. All lengths are pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...contract.channels import Shape

Element = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels from the top left."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, by: float) -> Box:
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)

    def holds(self, other: Box, slack: float = 0) -> bool:
        """True if ``other`` lies inside, give or take ``slack``."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.x + other.width <= self.x + self.width + slack
            and other.y + other.height <= self.y + self.height + slack
        )

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Boxes for the picture and for the texts.

    Attributes:
        picture: where the picture goes. text: where the column of texts goes.
        second: where the call to action goes, if not into the column.
        centred: texts stand in the middle of their column. valign: ``top``, ``middle``, ``bottom`` or ``spread``.
        headline: largest size of the headline. small: size of brand and button.
    """

    picture: Box
    text: Box
    second: Box | None
    centred: bool
    valign: str
    headline: float
    small: float
    gap: float


def safe_box(shape: Shape) -> Box:
    """What the platform does not cover, less a margin of the layout's own."""
    margin = 0.06 * min(shape.width, shape.height) if shape.ratio < 4 else 0.14 * shape.height
    left = max(shape.safe.side * shape.width, margin)
    top = max(shape.safe.top * shape.height, margin)
    bottom = max(shape.safe.bottom * shape.height, margin)
    return Box(left, top, shape.width - 2 * left, shape.height - top - bottom)


def arrange(shape: Shape) -> Arrangement:
    """The arrangement for a shape, chosen by its ratio."""
    # Marks above capitals and the sides of round letters reach a little over their boxes.
    safe = safe_box(shape).inset(0.012 * min(shape.width, shape.height))
    if shape.ratio >= 4:
        return _banner(shape, safe)
    if shape.ratio >= 1.4:
        return _wide(shape, safe)
    if shape.ratio <= 0.62:
        return _tall(shape, safe)
    return _block(shape, safe)


def _banner(shape: Shape, safe: Box) -> Arrangement:
    side = shape.height - 0.16 * shape.height
    picture = Box(0.08 * shape.height, 0.08 * shape.height, side * 1.25, side)
    left = picture.x + picture.width + 0.2 * shape.height
    button = Box(shape.width - safe.x - 0.27 * shape.width, safe.y, 0.27 * shape.width, safe.height)
    text = Box(left, safe.y, button.x - left - 0.2 * shape.height, safe.height)
    return Arrangement(picture, text, button, False, "middle", 0.34 * shape.height, 0.17 * shape.height, 4)


def _wide(shape: Shape, safe: Box) -> Arrangement:
    width = 0.42 * shape.width
    picture = Box(shape.width - width - safe.x * 0.6, 0.06 * shape.height, width, 0.88 * shape.height)
    text = Box(safe.x * 1.4, safe.y * 1.25, picture.x - safe.x * 2.2, shape.height - safe.y * 2.5)
    return Arrangement(
        picture, text, None, False, "middle", 0.14 * shape.height, 0.047 * shape.height, 0.055 * shape.height
    )


def _block(shape: Shape, safe: Box) -> Arrangement:
    """Square to 4:5, and small rectangles: brand and headline above, the picture below them, the button at the foot."""
    unit = min(shape.width, shape.height)
    small = max(0.036 * unit, 12)
    foot = 2.6 * small
    head = 0.30 * safe.height if shape.ratio > 0.9 else 0.27 * safe.height
    text = Box(safe.x, safe.y, safe.width, head)
    button = Box(safe.x, safe.y + safe.height - foot, safe.width, foot)
    top = text.y + text.height + 0.02 * unit
    picture = Box(safe.x, top, safe.width, button.y - 0.03 * unit - top)
    return Arrangement(picture, text, button, True, "top", 0.098 * unit, small, 0.02 * unit)


def _tall(shape: Shape, safe: Box) -> Arrangement:
    unit = shape.width
    small = max(0.042 * unit, 12)
    foot = 2.7 * small
    text = Box(safe.x, safe.y, safe.width, 0.27 * safe.height)
    button = Box(safe.x, safe.y + safe.height - foot, safe.width, foot)
    top = text.y + text.height + 0.02 * unit
    picture = Box(safe.x, top, safe.width, button.y - 0.04 * unit - top)
    return Arrangement(picture, text, button, True, "top", 0.118 * unit, small, 0.028 * unit)
