"""Runs a network over a picture in overlapping tiles, so that memory stays the same for any picture."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Step = Callable[[int, int], None]
"""Called after each tile with the number done and that of all; what it raises ends the work."""


def tiles(width: int, height: int, side: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of the tiles that cover a picture, of nearly equal size, none above ``side``."""
    return [(left, top, right, bottom) for top, bottom in _cuts(height, side) for left, right in _cuts(width, side)]


def _cuts(length: int, side: int) -> Iterator[tuple[int, int]]:
    count = -(-length // side)
    edges = [round(index * length / count) for index in range(count + 1)]
    return itertools.pairwise(edges)


def enlarged(
    pixels: torch.Tensor, network: Callable[[Tensor], Tensor], *, scale: int, side: int, overlap: int, step: Step
) -> torch.Tensor:
    """The picture, ``scale`` times as large each side.

    Args:
        pixels: shape (3, height, width), uint8.
        network: takes such pixels, shape (1, 3, h, w); returns 0 to 1, shape (1, 3, scale x h, scale x w).
        side: of a tile in pixels, without its overlap. overlap: pixels on each side of it that the network sees too.

    Returns:
        Shape (3, scale x height, scale x width), uint8, on the CPU.
    """
    import torch

    channels, height, width = pixels.shape
    made = torch.empty((channels, height * scale, width * scale), dtype=torch.uint8)
    places = tiles(width, height, side)
    for number, (left, top, right, bottom) in enumerate(places, 1):
        outer = (
            max(0, left - overlap),
            max(0, top - overlap),
            min(width, right + overlap),
            min(height, bottom + overlap),
        )
        part = network(pixels[None, :, outer[1] : outer[3], outer[0] : outer[2]])[0]
        inner = part[
            :,
            (top - outer[1]) * scale : (bottom - outer[1]) * scale,
            (left - outer[0]) * scale : (right - outer[0]) * scale,
        ]
        made[:, top * scale : bottom * scale, left * scale : right * scale] = (
            inner.float().clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
        )
        step(number, len(places))
    return made
