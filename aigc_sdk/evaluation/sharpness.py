"""How blurred a picture looks, without another one to compare it with.

Crete, Dolmiere, Ladret and Nicolas 2007, "The blur effect: perception and estimation with a new no-reference
perceptual blur metric" (https://doi.org/10.1117/12.702790): a sharp picture loses most of what its neighbouring pixels
differ by when it is blurred again; a blurred one keeps it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

_WINDOW = 9
_EXACT = 1e-9


def blur(picture: Image, side: int = 256) -> float:
    """0 (sharp) to 1 (nothing is left to blur).

    Args:
        side: pixels of the longer side at which it is looked at; a smaller picture is enlarged, as a screen does.
    """
    factor = side / max(picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    grey = np.asarray(picture.convert("L").resize(size), np.float64)
    return max(_along(grey), _along(grey.T))


def _along(grey: NDArray[np.float64]) -> float:
    """The blur along the second axis."""
    padded = np.pad(grey, ((0, 0), (_WINDOW // 2, _WINDOW // 2)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    blurred = (sums[:, _WINDOW:] - sums[:, :-_WINDOW]) / _WINDOW
    own, left = np.abs(np.diff(grey, axis=1)), np.abs(np.diff(blurred, axis=1))
    total = float(own.sum())
    return 1.0 if total < _EXACT else (total - float(np.maximum(0, own - left).sum())) / total
