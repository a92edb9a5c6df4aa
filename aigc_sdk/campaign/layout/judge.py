"""Ranks generated pictures: one object, whole, of the colour that was asked for. Rules, no model."""

from __future__ import annotations

import re
from typing import NamedTuple

from .colours import oklch
from .pictures import Subject

_HUES = {
    "red": (0, 45),
    "orange": (35, 80),
    "brown": (25, 85),
    "yellow": (80, 115),
    "green": (115, 185),
    "blue": (215, 285),
    "purple": (280, 330),
    "pink": (330, 380),
}
"""Ranges of OKLCH hue, in degrees; 380 is 20."""
_CHINESE = {
    "红": "red",
    "橙": "orange",
    "棕": "brown",
    "黄": "yellow",
    "绿": "green",
    "蓝": "blue",
    "紫": "purple",
    "粉": "pink",
}


class Verdict(NamedTuple):
    """A picture's score, and what spoke for and against it."""

    score: float
    notes: tuple[str, ...]


def judge(subject: Subject, prompt: str) -> Verdict:
    """How well a picture serves a layout; higher is better, 3 is the most."""
    score, notes = 0.0, []
    if subject.cut_out:
        score += 1
        notes.append("stands free of its background")
    else:
        notes.append("fills its frame: shown as a card")
    slim = min(subject.width, subject.height) / max(subject.width, subject.height)
    score += min(1.0, slim / 0.6)
    if slim < 0.35:
        notes.append("very slim")
    wanted = _wanted(prompt)
    if wanted and _is(subject.colour, wanted):
        score += 1
        notes.append(f"is {wanted}")
    elif wanted:
        notes.append(f"is not {wanted}")
    return Verdict(round(score, 3), tuple(notes))


def _wanted(prompt: str) -> str | None:
    """The first colour that the prompt names."""
    words = re.findall(r"[a-z]+", prompt.lower())
    return next((w for w in words if w in _HUES), None) or next((_CHINESE[c] for c in prompt if c in _CHINESE), None)


def _is(colour: str | None, name: str) -> bool:
    if colour is None:
        return False
    _, _, hue = oklch(colour)
    low, high = _HUES[name]
    return low <= hue <= high or low <= hue + 360 <= high
