"""The two kinds of Real-ESRGAN networks, in plain torch. Both make a picture four times as large, each side.

https://github.com/xinntao/Real-ESRGAN/blob/master/realesrgan/archs/srvgg_arch.py and
https://github.com/XPixelGroup/BasicSR/blob/master/basicsr/archs/rrdbnet_arch.py (BSD-3-Clause, Apache-2.0).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle

SCALE = 4
_LEAK = 0.2
_RESIDUAL = 0.2
_DENSE = 5
"""Convolutions of a dense block."""


class SRVGGNetCompact(nn.Module):
    """Convolutions one after the other, then a pixel shuffle onto the nearest-neighbour enlargement.

    Args:
        convolutions: in all. features: channels between them.
    """

    reach = 18
    """Pixels of the input, each side, that a pixel of the output depends on at most."""

    def __init__(self, convolutions: int = 18, features: int = 64) -> None:
        super().__init__()
        last = 3 * SCALE**2
        widths = [3, *[features] * (convolutions - 1), last]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in itertools.pairwise(widths))
        self.slopes = nn.ParameterList(nn.Parameter(torch.empty(features)) for _ in range(convolutions - 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Shape (n, 3, height, width), 0 to 1, to four times the height and width."""
        found = pixels
        for index, convolution in enumerate(self.convolutions):
            found = convolution(found)
            if index < len(self.slopes):
                found = nn.functional.prelu(found, self.slopes[index])
        return pixel_shuffle(found, SCALE) + interpolate(pixels, scale_factor=SCALE, mode="nearest")


class RRDBNet(nn.Module):
    """Residual-in-residual dense blocks.

    Args:
        blocks: each of three dense blocks. features: channels between blocks. growth: channels each convolution adds.
    """

    reach = 24
    """Nearly all of what a pixel depends on lies within this many pixels of the input (the whole of it is wider)."""

    def __init__(self, blocks: int, features: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, features, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(features, growth) for _ in range(blocks))
        self.body = nn.Conv2d(features, features, 3, padding=1)
        self.ups = nn.ModuleList(nn.Conv2d(features, features, 3, padding=1) for _ in range(2))
        self.high = nn.Conv2d(features, features, 3, padding=1)
        self.last = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Shape (n, 3, height, width), 0 to 1, to four times the height and width."""
        first = self.first(pixels)
        found = first
        for block in self.blocks:
            found = block(found)
        found = first + self.body(found)
        for up in self.ups:
            found = _leaky(up(interpolate(found, scale_factor=2, mode="nearest")))
        made: Tensor = self.last(_leaky(self.high(found)))
        return made


class _Block(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(_Dense(features, growth) for _ in range(3))

    def forward(self, pixels: Tensor) -> Tensor:
        found = pixels
        for dense in self.dense:
            found = dense(found)
        return found * _RESIDUAL + pixels


class _Dense(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(features + i * growth, growth if i < _DENSE - 1 else features, 3, padding=1)
            for i in range(_DENSE)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        found = [pixels]
        for convolution in self.convolutions[:-1]:
            found.append(_leaky(convolution(torch.cat(found, 1))))
        made: Tensor = self.convolutions[-1](torch.cat(found, 1)) * _RESIDUAL + pixels
        return made


def _leaky(found: Tensor) -> Tensor:
    return nn.functional.leaky_relu(found, _LEAK, inplace=True)
