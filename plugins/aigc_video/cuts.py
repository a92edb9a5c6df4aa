"""Finds where one scene ends and another begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .encode import Pixels

_SMALL = (64, 64)


class Cuts:
    """Looks at frames one after the other.

    The score of a frame is its mean difference in brightness from the one before (of 1), or how much that difference
    differs from the one before it, whichever is less: a cut is a change much larger than the motion around it. It is
    that of FFmpeg's ``scdet`` (https://ffmpeg.org/ffmpeg-filters.html#scdet-1), on pictures of 64 x 64 pixels.

    Args:
        threshold: score from which it is a cut; 0 looks for none.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._last: NDArray[np.float32] | None = None
        self._difference = 0.0

    def cut_before(self, pixels: Pixels) -> bool:
        """True if a new scene begins with this frame."""
        thumbnail = Image.fromarray(pixels).convert("L").resize(_SMALL, Image.Resampling.BOX)
        small: NDArray[np.float32] = np.asarray(thumbnail, np.float32) / np.float32(255)
        if self._last is None:
            self._last = small
            return False
        difference = float(np.abs(small - self._last).mean())
        score = min(difference, abs(difference - self._difference))
        self._last, self._difference = small, difference
        return 0 < self._threshold <= score
