"""Colours: names and numbers, and a background that suits an object."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageColor

from aigc_sdk.contract.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

Colour = tuple[int, int, int]


def parsed(text: str) -> Colour:
    """A CSS colour, such as ``#ffcc00`` or ``navy``. Raises InvalidRequest if it is none."""
    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError:
        raise InvalidRequest(f"{text!r} is not a colour", plugin="video", fix="such as '#ffcc00' or 'navy'") from None


def suiting(picture: Image.Image) -> tuple[Colour, Colour]:
    """Two pale colours, for top and bottom, opposite in hue to the object's own."""
    small = np.asarray(picture.resize((32, 32), Image.Resampling.BOX)).reshape(-1, 4)
    seen = [colorsys.rgb_to_hsv(*(c / 255 for c in pixel[:3])) for pixel in small.tolist() if pixel[3] > 128]
    x = sum(s * v * np.cos(2 * np.pi * h) for h, s, v in seen)
    y = sum(s * v * np.sin(2 * np.pi * h) for h, s, v in seen)
    strong = float(np.hypot(x, y)) > 0.05 * max(1, len(seen))
    hue = (float(np.arctan2(y, x)) / (2 * np.pi) + 0.5) % 1.0 if strong else 0.58
    return _rgb(hue, 0.14, 1.0), _rgb(hue, 0.38, 0.95)


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A picture that goes from one colour to the other; with a little noise, so that no bands are seen."""
    if top == bottom:
        return Image.new("RGB", size, top)
    width, height = size
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    ramp = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    noise: NDArray[np.float32] = np.random.default_rng(0).random((height, width, 1), dtype=np.float32)
    return Image.fromarray(np.floor(ramp + noise).clip(0, 255).astype(np.uint8))
