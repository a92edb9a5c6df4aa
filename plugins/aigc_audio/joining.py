"""Joins sentences without clicks: silence at the ends is cut short, the ends fade, pauses are zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .voice import Samples

_QUIET = 0.01
"""Samples below this part of the sentence's peak, at its ends, count as silence (-40 dB)."""
_KEPT_BEFORE_S = 0.04
_KEPT_AFTER_S = 0.08
"""Seconds kept beside what is audible: breath and the tails of consonants."""
_FADE_S = 0.012


def trimmed(samples: Samples, rate: int) -> Samples:
    """The sentence without the silence at its ends, beginning and ending at zero. Empty if it is all silence."""
    level = np.abs(samples)
    peak = float(level.max(initial=0.0))
    if peak < 1e-4:
        return np.zeros(0, np.float32)
    loud = np.flatnonzero(level > _QUIET * peak)
    first = max(0, int(loud[0]) - int(_KEPT_BEFORE_S * rate))
    last = min(len(samples), int(loud[-1]) + 1 + int(_KEPT_AFTER_S * rate))
    part = np.array(samples[first:last], np.float32)
    width = min(int(_FADE_S * rate), len(part) // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(width, dtype=np.float32) / max(1, width))
    part[:width] *= ramp
    part[len(part) - width :] *= ramp[::-1]
    return part


def silence(seconds: float, rate: int) -> Samples:
    """So many seconds of zeros."""
    return np.zeros(max(0, round(seconds * rate)), np.float32)
