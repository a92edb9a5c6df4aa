"""IFNet, the network of RIFE v4, in plain torch: optical flow between two frames, from coarse to fine.

Huang et al. 2022, https://arxiv.org/abs/2011.06294; the weights' own code is MIT
(https://github.com/hzwer/ECCV2022-RIFE).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (192, 128, 96, 64)
"""Channels of the four blocks."""
SIDE = 64
"""Height and width of what goes in are multiples of it."""
_FAST = 32.0
"""Pixels. Where both flows of the second block exceed it somewhere, the search begins again at twice the distance."""


def _layer(inner: int, outer: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inner, outer, 3, stride, 1), nn.PReLU(outer))


class Block(nn.Module):
    """Improves the flow at one distance."""

    def __init__(self, inner: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(_layer(inner, width // 2, 2), _layer(width // 2, width, 2))
        self.body = nn.Sequential(*(_layer(width, width) for _ in range(8)))
        self.leave = nn.ConvTranspose2d(width, 5, 4, 2, 1)

    def forward(self, x: Tensor, flow: Tensor | None, scale: float) -> tuple[Tensor, Tensor]:
        """Flow (batch, 4, height, width) in pixels: towards the first and the second frame; and what to show of each.

        Args:
            scale: the pictures are looked at, made smaller by it.
        """
        x = _resized(x, 1 / scale)
        if flow is not None:
            x = torch.cat((x, _resized(flow, 1 / scale) / scale), 1)
        x = self.enter(x)
        found = _resized(self.leave(self.body(x) + x), scale * 2)
        return found[:, :4] * scale * 2, found[:, 4:5]


class IFNet(nn.Module):
    """A frame between two frames."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(7 if i == 0 else 12, width) for i, width in enumerate(WIDTHS))

    def forward(self, first: Tensor, second: Tensor, time: float, scales: Sequence[float] = (8, 4, 2, 1)) -> Tensor:
        """The frame at ``time``, 0 to 1, between ``first`` and ``second``: RGB, 0 to 1, (batch, 3, height, width)."""
        when = torch.full_like(first[:, :1], time)
        flow, mask, f, m = self._first_two(first, second, when, scales)
        if f[:, :2].abs().max() > _FAST and f[:, 2:].abs().max() > _FAST:
            scales = [scale * 2 for scale in scales]
            flow, mask, f, m = self._first_two(first, second, when, scales)
        flow, mask = flow + f, mask + m
        for block, scale in zip(self.blocks[2:], scales[2:], strict=True):
            f, m = self._next(block, first, second, when, flow, mask, scale)
            flow, mask = flow + f, mask + m
        share = torch.sigmoid(mask)
        return warped(first, flow[:, :2]) * share + warped(second, flow[:, 2:]) * (1 - share)

    def _first_two(
        self, first: Tensor, second: Tensor, when: Tensor, scales: Sequence[float]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        flow, mask = self.blocks[0](torch.cat((first, second, when), 1), None, scales[0])
        return flow, mask, *self._next(self.blocks[1], first, second, when, flow, mask, scales[1])

    def _next(
        self, block: nn.Module, first: Tensor, second: Tensor, when: Tensor, flow: Tensor, mask: Tensor, scale: float
    ) -> tuple[Tensor, Tensor]:
        seen = torch.cat((warped(first, flow[:, :2]), warped(second, flow[:, 2:]), when, mask), 1)
        found: tuple[Tensor, Tensor] = block(seen, flow, scale)
        return found


def warped(picture: Tensor, flow: Tensor) -> Tensor:
    """The picture with each pixel taken from where the flow (in pixels) points to."""
    _, _, height, width = picture.shape
    across = torch.linspace(-1, 1, width, device=picture.device, dtype=picture.dtype)
    down = torch.linspace(-1, 1, height, device=picture.device, dtype=picture.dtype)
    x = across[None, None, :] + flow[:, 0] / ((width - 1) / 2)
    y = down[None, :, None] + flow[:, 1] / ((height - 1) / 2)
    grid = torch.stack((x, y), -1)
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _resized(x: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False, recompute_scale_factor=False)
