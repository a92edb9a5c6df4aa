"""What happens to pictures before the scorer sees them in training, so that it knows them when they are drawn badly."""

from __future__ import annotations

import io
import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from ...training.autoencoder import turn_hue

_JPEG_SHARE, _BLUR_SHARE, _NOISE_SHARE, _TURN_SHARE = 0.15, 0.35, 0.4, 0.35


def augmented(pixels: Tensor, colour_said: Tensor, draw: Generator) -> Tensor:
    """Moved, turned, scaled, blurred, compressed and noisy pictures.

    Args:
        pixels: (n, 3, side, side) bytes, on white.
        colour_said: (n,) true where the caption says a colour: that picture's colours stay as they are.

    Returns:
        (n, 3, side, side) from -1 to 1.
    """
    count = len(pixels)
    seen = _compressed(pixels, draw).float() / 127.5 - 1
    turn = torch.randn(count, generator=draw) * 0.5 * _some(count, _TURN_SHARE, draw) * ~colour_said
    seen = turn_hue(seen, turn)
    seen = _moved(seen, draw)
    seen = _blurred(seen, draw)
    contrast = 1 + (torch.rand(count, generator=draw) - 0.5) * torch.where(colour_said, 0.1, 0.4)
    seen = 1 + (seen - 1) * contrast[:, None, None, None]
    noise = torch.randn(seen.shape, generator=draw)
    loud = torch.rand(count, generator=draw) * 0.16 * _some(count, _NOISE_SHARE, draw)
    return (seen + noise * loud[:, None, None, None]).clamp(-1, 1)


def _some(count: int, share: float, draw: Generator) -> Tensor:
    return torch.rand(count, generator=draw) < share


def _moved(seen: Tensor, draw: Generator) -> Tensor:
    """Flipped, scaled, turned by up to 12 degrees and shifted; what comes in from outside is white."""
    count = len(seen)
    angle = (torch.rand(count, generator=draw) - 0.5) * math.radians(24)
    zoom = 0.82 + 0.5 * torch.rand(count, 2, generator=draw) ** 1.5
    zoom[:, 1] = zoom[:, 0] * (0.92 + 0.16 * torch.rand(count, generator=draw))
    flip = torch.where(_some(count, 0.5, draw), -1.0, 1.0)
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = angle.cos() * zoom[:, 0] * flip, -angle.sin() * zoom[:, 0]
    matrix[:, 1, 0], matrix[:, 1, 1] = angle.sin() * zoom[:, 1] * flip, angle.cos() * zoom[:, 1]
    matrix[:, :, 2] = (torch.rand(count, 2, generator=draw) - 0.5) * 0.24
    grid = functional.affine_grid(matrix, list(seen.shape), align_corners=False)
    return functional.grid_sample(seen - 1, grid, align_corners=False) + 1


def _blurred(seen: Tensor, draw: Generator) -> Tensor:
    """Some of them made smaller and large again."""
    chosen = _some(len(seen), _BLUR_SHARE, draw).nonzero()[:, 0]
    if len(chosen):
        side = int(torch.randint(seen.shape[-1] // 3, seen.shape[-1], (), generator=draw))
        small = functional.interpolate(seen[chosen], (side, side), mode="area")
        seen[chosen] = functional.interpolate(small, seen.shape[-2:], mode="bilinear", align_corners=False)
    return seen


def _compressed(pixels: Tensor, draw: Generator) -> Tensor:
    """Some of them after JPEG at quality 15 to 75."""
    import numpy as np
    from PIL import Image

    pixels = pixels.clone()
    for place in _some(len(pixels), _JPEG_SHARE, draw).nonzero()[:, 0].tolist():
        file = io.BytesIO()
        quality = int(torch.randint(15, 76, (), generator=draw))
        Image.fromarray(pixels[place].permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
        with Image.open(file) as picture:
            pixels[place] = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    return pixels
