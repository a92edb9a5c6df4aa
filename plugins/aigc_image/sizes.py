"""Which sizes a pipeline can make, and which of them serves a size that was asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest

Size = tuple[int, int]
"""Width and height in pixels."""
_PIPELINE_STEP = 8
"""What most of diffusers' pipelines insist on, whatever their autoencoder's factor is."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a pipeline can make.

    Attributes:
        native: the size it was trained for. step: width and height are multiples of it.
        largest: the longest side it has position embeddings for; None if that does not matter.
    """

    native: Size
    step: int
    largest: int | None = None

    def check(self, width: int, height: int) -> None:
        """Raises InvalidRequest with the nearest size if the pipeline cannot make this one."""
        nearest = (self._nearest(width), self._nearest(height))
        if nearest == (width, height):
            return
        limit = f", up to {self.largest}" if self.largest else ""
        raise InvalidRequest(
            f"the model cannot make {width}x{height} pixels: width and height are multiples of {self.step}{limit}",
            plugin="image",
            fix=f"take {nearest[0]}x{nearest[1]}, or --option upscale=true for any size",
        )

    def nearest_to(self, size: Size, *, area: int | None = None) -> Size:
        """The possible size of nearly that shape with about the native area, or ``area`` pixels."""
        scale = math.sqrt((area or self.native[0] * self.native[1]) / (size[0] * size[1]))
        return self._nearest(size[0] * scale), self._nearest(size[1] * scale)

    def _nearest(self, side: float) -> int:
        rounded = max(self.step, round(side / self.step) * self.step)
        return min(rounded, self.largest // self.step * self.step) if self.largest else rounded


def sizes_of(pipe: Any) -> Sizes:
    """What can be read from a pipeline's configuration."""
    factor = int(getattr(pipe, "vae_scale_factor", 8))
    network = getattr(pipe, "unet", None) or getattr(pipe, "transformer", None) or getattr(pipe, "prior", None)
    config = getattr(network, "config", {})
    sample = getattr(pipe, "default_sample_size", None) or config.get("sample_size") or 1024 // factor
    width, height = (sample[1], sample[0]) if isinstance(sample, (list, tuple)) else (sample, sample)
    if getattr(pipe, "unet", None) is not None:
        step = math.lcm(_PIPELINE_STEP, factor)
        return Sizes((width * factor, height * factor), step)
    patch = int(config.get("patch_size") or 1)
    if patch == 1 and hasattr(pipe, "_pack_latents"):
        patch = 2  # packed into 2x2 patches by the pipeline
    positions = config.get("pos_embed_max_size")
    largest = positions * patch * factor if positions else None
    return Sizes((width * factor, height * factor), math.lcm(_PIPELINE_STEP, factor * patch), largest)
