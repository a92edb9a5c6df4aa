"""Measures what was drawn: where each text's ink is, and what is wrong with it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from .geometry import Box

MARKS = {"headline": "#ff0000", "brand": "#00ff00", "call to action": "#0000ff"}
"""The colour in which each text is drawn in the ink pass: one full channel, so that edges keep it."""

_OVERSHOOT = 0.06
"""Share of its size by which a text's ink may leave its box: round letters, marks above capitals."""
_EDGE = 2.0
"""Pixels by which ink may do so in any case: its edges are soft."""


def ink_boxes(png: bytes) -> dict[str, Box]:
    """Where the ink of each text is, from a page drawn in :data:`MARKS` on white."""
    from PIL import Image, ImageChops

    with Image.open(io.BytesIO(png)) as opened:
        bands = opened.convert("RGB").split()
    full = [band.point(lambda value: 255 if value > 235 else 0) for band in bands]
    less = [band.point(lambda value: 255 if value < 215 else 0) for band in bands]
    found = {}
    for index, name in enumerate(MARKS):
        other = [less[i] for i in range(3) if i != index]
        bounds = ImageChops.multiply(full[index], ImageChops.multiply(*other)).getbbox()
        if bounds:
            left, top, right, bottom = bounds
            found[name] = Box(left, top, right - left, bottom - top)
    return found


def problems(boxes: Sequence[Mapping[str, Any]], ink: Mapping[str, Box], safe: Box, picture: Box | None) -> list[str]:
    """What is wrong: a text that does not fit, ink outside its box or the safe area, things that overlap."""
    found = [f"the {box['name']} does not fit" for box in boxes if not box["fits"]]
    laid = {str(box["name"]): Box(box["x"], box["y"], box["width"], box["height"]) for box in boxes}
    sizes = {str(box["name"]): float(box["size"]) for box in boxes}
    for name, bounds in ink.items():
        if not laid[name].holds(bounds, _EDGE + _OVERSHOOT * sizes[name]):
            found.append(f"the {name} is cut off")
        if not safe.holds(bounds, _EDGE):
            found.append(f"the {name} is outside the safe area")
    found += [f"the {name} is not there" for name in laid.keys() - ink.keys() - {"logo"}]
    for (one, first), (other, second) in combinations({**laid, **ink}.items(), 2):
        if first.overlaps(second):
            found.append(f"the {one} and the {other} overlap")
    if picture is not None:
        if picture.width < 16 or picture.height < 16:
            found.append("the texts leave no room for the picture")
        found += [
            f"the {name} and the picture overlap" for name, box in {**laid, **ink}.items() if box.overlaps(picture)
        ]
    return found
