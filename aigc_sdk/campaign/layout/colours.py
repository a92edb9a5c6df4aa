"""Colours: contrast as WCAG measures it, and themes in which every text passes.

Colours are ``#rrggbb``. Lightness and chroma are OKLCH's (https://bottosson.github.io/posts/oklab/), in which equal
steps look equal, so that a tint of any hue is as light as one of another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_CONTRAST = 4.5
"""Least contrast of text with what is behind it: WCAG 2.2, 1.4.3 (AA), for text of any size.
https://www.w3.org/TR/WCAG22/#contrast-minimum"""

_WHITE, _BLACK = "#ffffff", "#000000"
_DEFAULT_HUE = 255.0
"""Degrees; a calm blue, for pictures without colour."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one creative.

    Attributes:
        background: of the canvas. halo: behind the subject, light enough for any. ink: of text on ``background``.
        button, button_ink: of the call to action.
    """

    name: str
    background: str
    halo: str
    ink: str
    button: str
    button_ink: str

    @property
    def contrasts(self) -> dict[str, float]:
        """Contrast of each text with what is behind it."""
        return {
            "headline": round(contrast(self.ink, self.background), 2),
            "call to action": round(contrast(self.button_ink, self.button), 2),
        }


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1. https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    red, green, blue = (_linear(channel) for channel in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes(brand: Sequence[str], picture: str | None) -> tuple[Theme, Theme]:
    """A strong theme and a light one, in the brand's colours, or else in those of the picture.

    Args:
        brand: the brand's colours, the main one first; may be empty. picture: the picture's main colour, if it has one.
    """
    main = brand[0] if brand else _strong(picture)
    second = brand[1] if len(brand) > 1 else None
    _, chroma, hue = oklch(main)
    tint = min(chroma, 0.16)
    halo = from_oklch(0.96, 0.2 * tint, hue)
    ink = readable_on(main)
    button = second if second and contrast(second, main) >= 1.6 else halo if luminance(main) < 0.4 else _deep(main)
    strong = Theme("strong", main, halo, ink, button, readable_on(button, main))
    pale = from_oklch(0.925, 0.33 * tint, hue)
    accent = main if contrast(main, pale) >= 3 else _deep(main)
    dark = from_oklch(0.24, min(chroma, 0.07), hue)
    light = Theme("light", pale, from_oklch(0.99, 0.05 * tint, hue), dark, accent, readable_on(accent))
    return strong, light


def readable_on(background: str, wished: str | None = None) -> str:
    """``wished`` if it can be read on the background; else a near-white or near-black of its hue, or the plain one."""
    _, chroma, hue = oklch(background)
    tints = [from_oklch(0.985, min(chroma, 0.012), hue), from_oklch(0.22, min(chroma, 0.05), hue)]
    if wished and contrast(wished, background) >= MIN_CONTRAST:
        return wished
    best = max(tints, key=lambda ink: contrast(ink, background))
    if contrast(best, background) >= MIN_CONTRAST:
        return best
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, background))  # one of the two has 4.58 at the least


def _strong(picture: str | None) -> str:
    """A background in the picture's hue, dark enough for white text and for a light halo to stand out."""
    if picture is None:
        return from_oklch(0.40, 0.09, _DEFAULT_HUE)
    lightness, chroma, hue = oklch(picture)
    if chroma < 0.03:
        return from_oklch(0.40, 0.09, _DEFAULT_HUE)
    return from_oklch(min(max(lightness * 0.72, 0.41), 0.47), min(max(chroma * 1.1, 0.10), 0.16), hue)


def _deep(colour: str) -> str:
    _, chroma, hue = oklch(colour)
    return from_oklch(0.42, min(chroma, 0.14), hue)


def oklch(colour: str) -> tuple[float, float, float]:
    """Lightness 0 to 1, chroma 0 to about 0.32, hue in degrees."""
    red, green, blue = (_linear(channel) for channel in _rgb(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The colour; its chroma is lowered until a screen can show it."""
    while True:
        channels = _linear_rgb(lightness, chroma, hue)
        if chroma <= 0 or all(-0.0005 <= channel <= 1.0005 for channel in channels):
            return "#" + "".join(f"{round(255 * _encoded(channel)):02x}" for channel in channels)
        chroma = max(0.0, chroma - 0.004)


def _linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(channel: int) -> float:
    value = channel / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _encoded(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)
