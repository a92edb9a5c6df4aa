"""Brings speech to a loudness, sentence by sentence, without knowing what comes later.

The gain of a sentence brings everything measured so far, that sentence included, to the target (ITU-R BS.1770-4, by
pyloudnorm). A voice hardly changes its level, so that the gain settles with the first sentences; after
:data:`MEASURED_S` seconds it stays as it is. It changes only in the silence between two sentences. Peaks that the gain
would drive over the ceiling are turned down for some milliseconds around them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .voice import Samples

MEASURED_S = 30.0
"""Seconds of speech that are measured."""
CEILING = 0.89
"""Highest sample, -1 dB of full scale: lossy codecs overshoot a little."""
MOST_GAIN_DB = 30.0
_BLOCK_S = 0.4
_LOOKAHEAD_S = 0.005


class Leveller:
    """Brings one voice to ``target`` LUFS (-70 to 0)."""

    def __init__(self, rate: int, target: float) -> None:
        from pyloudnorm import Meter

        self._meter = Meter(rate)
        self._rate = rate
        self._target = target
        self._seconds = 0.0
        self._energy = 0.0
        self._gain = 1.0

    def apply(self, samples: Samples) -> Samples:
        """The sentence at its loudness, no sample above the ceiling."""
        if self._seconds < MEASURED_S:
            self._measure(samples)
        return limited(samples * np.float32(self._gain), self._rate)

    def _measure(self, samples: Samples) -> None:
        block = int(_BLOCK_S * self._rate)
        if 0 < len(samples) <= block:  # shorter than the standard's block: a word is as loud as itself repeated
            samples = np.tile(samples, block // len(samples) + 2)
        if len(samples) == 0:
            return
        loudness = float(self._meter.integrated_loudness(samples))
        if not math.isfinite(loudness):
            return
        seconds = len(samples) / self._rate
        self._energy += seconds * 10 ** (loudness / 10)
        self._seconds += seconds
        so_far = 10 * math.log10(self._energy / self._seconds)
        self._gain = 10 ** (min(self._target - so_far, MOST_GAIN_DB) / 20)


def limited(samples: Samples, rate: int) -> Samples:
    """The samples with peaks over the ceiling turned down smoothly, some milliseconds ahead and after."""
    peaks = np.abs(samples)
    if len(samples) == 0 or float(peaks.max()) <= CEILING:
        return samples
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    width = 2 * int(_LOOKAHEAD_S * rate) + 1
    allowed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9)).astype(np.float32)
    # The mean of minima never exceeds the least allowed gain within its own window.
    gain = uniform_filter1d(minimum_filter1d(allowed, 2 * width), width)
    return np.asarray(np.clip(samples * gain, -CEILING, CEILING), np.float32)
