"""Augmentation by colour: the same thing in another colour, so that a prompt's colour word has something to mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.floating[Any]]

COLOURS: dict[str, tuple[float | None, float, float]] = {
    # name: hue in degrees (None: none), saturation, value; for the mean of the coloured region
    "red": (2, 0.85, 0.90),
    "orange": (28, 0.88, 0.96),
    "yellow": (50, 0.85, 0.97),
    "green": (125, 0.75, 0.72),
    "blue": (215, 0.80, 0.85),
    "purple": (275, 0.70, 0.75),
    "pink": (335, 0.48, 0.96),
    "brown": (24, 0.65, 0.50),
    "black": (None, 0.05, 0.22),
    "white": (None, 0.03, 0.95),
    "grey": (None, 0.03, 0.60),
}
CHINESE = dict(zip(COLOURS, "红橙黄绿蓝紫粉棕黑白灰", strict=True))
_WIDTH = 45.0
"""Half the range of hues, in degrees, that counts as one colour."""
_LEAST_SHARE = 0.25


def recoloured(picture: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The picture in each colour that it does not have, if one colour covers enough of it.

    The region of the dominant hue takes the new one; a thing without colour (grey, white, black) is tinted as a whole.

    Args:
        picture: (side, side, 3) on white.
    """
    import numpy as np

    hue, saturation, value = _to_hsv(picture)
    region, own = _region(picture, hue, saturation, value)
    if region is None:
        return
    mean_s, mean_v = (float(np.average(plane, weights=region)) for plane in (saturation, value))
    for name, (angle, to_s, to_v) in COLOURS.items():
        if name == own:
            continue
        spread = 0.4 * _turn(hue, _mean_hue(hue, region)) if angle is not None and own != "none" else 0.0
        new_hue = (angle or 0.0) + spread
        # A colourless thing has no saturation to scale; everything else keeps its shading.
        new_s = np.clip(saturation * to_s / mean_s, 0, 1) if mean_s > 0.15 else np.full_like(saturation, to_s)
        new_v = np.clip(value + (to_v - mean_v) if to_v > mean_v else value * to_v / mean_v, 0, 1)
        painted = _to_rgb(new_hue, new_s, new_v)
        mixed = picture * (1 - region[..., None]) + painted * region[..., None]
        yield name, mixed.round().astype(np.uint8)


def dominant(picture: NDArray[np.uint8]) -> str | None:
    """The colour word of most of the picture's thing, or None where no one colour dominates."""
    hue, saturation, value = _to_hsv(picture)
    region, own = _region(picture, hue, saturation, value)
    return own if region is not None and own in COLOURS else None


def _region(picture: NDArray[np.uint8], hue: Plane, saturation: Plane, value: Plane) -> tuple[Plane | None, str]:
    """How much each pixel has the main colour, 0 to 1, and that colour's name ("none": colourless, "": unclear)."""
    import numpy as np

    thing = (picture.min(-1) < 245).astype(np.float32)
    grey = thing * np.clip((0.36 - saturation) / 0.1, 0, 1) * np.clip((value - 0.15) / 0.1, 0, 1)
    weight = saturation * value * thing * (saturation > 0.25)
    region = np.zeros_like(thing)
    if (weight > 0).sum() >= _LEAST_SHARE * thing.sum():
        counts = np.bincount((hue[weight > 0] // 10).astype(int) % 36, weight[weight > 0], 36)
        around: Plane = sum((np.roll(counts, shift) for shift in (-2, -1, 0, 1, 2)), np.zeros(36))
        peak = around.argmax() * 10 + 5.0
        near = np.clip((_WIDTH - np.abs(_turn(hue, peak))) / 12, 0, 1)
        region = near * thing * np.clip((saturation - 0.08) / 0.12, 0, 1)
    if grey.sum() > max(0.35 * thing.sum(), 1.2 * region.sum()):
        return grey, "none"
    if not region.any() or (region * weight).sum() < 0.45 * weight.sum():
        return None, ""
    by_weight = region * weight + 1e-6
    means = (float(np.average(plane, weights=by_weight)) for plane in (saturation, value))
    return region.astype(np.float32), _name(_mean_hue(hue, by_weight) % 360, *means)


def _name(hue: float, saturation: float, value: float) -> str:
    """The colour's word, or "" where people would not agree on one."""
    if value < 0.62 and (hue < 45 or hue > 350):
        return "brown"
    if saturation < 0.62 and (hue > 305 or hue < 8):
        return "pink"
    if saturation < 0.5:
        return ""
    angles = {
        name: angle for name, (angle, _, _) in COLOURS.items() if angle is not None and name not in ("brown", "pink")
    }
    nearest = min(angles, key=lambda name: abs((hue - angles[name] + 180) % 360 - 180))
    return nearest if abs((hue - angles[nearest] + 180) % 360 - 180) < 30 else ""


def _mean_hue(hue: Plane, region: Plane) -> float:
    import numpy as np

    angles = np.deg2rad(hue)
    return float(np.rad2deg(np.arctan2((np.sin(angles) * region).sum(), (np.cos(angles) * region).sum())))


def _turn(hue: Plane, centre: float) -> Plane:
    return (hue - centre + 180) % 360 - 180


def _to_hsv(picture: NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    import numpy as np
    from PIL import Image

    planes = np.asarray(Image.fromarray(picture).convert("HSV")).astype(np.float32)
    return planes[..., 0] * 360 / 255, planes[..., 1] / 255, planes[..., 2] / 255


def _to_rgb(hue: Plane | float, saturation: Plane, value: Plane) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    hues = np.broadcast_to(np.asarray(hue % 360 * 255 / 360, np.float32), value.shape)
    planes = np.stack([hues, saturation * 255, value * 255], -1)
    return np.asarray(Image.fromarray(planes.round().astype(np.uint8), "HSV").convert("RGB"))
