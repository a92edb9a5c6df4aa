"""A Real-ESRGAN network that makes pictures of any size exactly as large as wanted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import nn

from aigc_sdk.contract.plan import Plan

from .networks import SCALE, RRDBNet
from .sizes import Size
from .tiles import Step, enlarged

LARGEST_INPUT = 16_000_000
"""Pixels of a picture that is upscaled: four times each side, that is 768 MB while it is worked on."""
_BYTES_PER_PIXEL = {True: 16_000, False: 2_000}
"""Working memory of RRDBNet, and of SRVGGNetCompact, per pixel of a tile."""
_LARGEST_TILE = {True: 192, False: 384}
_SMALLEST_TILE = 32
_SHARE = 0.25
"""Of the free memory, for one tile."""
_BLEED = 4
"""Pixels by which colours run under the transparent parts."""


class Upscaler:
    """One network on one device. Used by one thread at a time."""

    def __init__(self, network: nn.Module, plan: Plan) -> None:
        self._heavy = isinstance(network, RRDBNet)
        self._device = torch.device(plan.device)
        # On the CPU only the convolutions are narrowed: what they add to the enlarged picture, not the picture.
        self._narrow = plan.device_kind == "cpu" and plan.dtype == "bfloat16"
        self._dtype = torch.float32 if plan.device_kind == "cpu" else getattr(torch, plan.dtype)
        self._network: Any = network.to(self._device, self._dtype, memory_format=torch.channels_last)
        room = math.isqrt(int(plan.bytes_free * _SHARE) // _BYTES_PER_PIXEL[self._heavy])
        self.side = max(_SMALLEST_TILE, min(_LARGEST_TILE[self._heavy], room))

    def relieve(self) -> str | None:
        """Halves the tiles' side; None once they are as small as makes sense."""
        if self.side <= _SMALLEST_TILE:
            return None
        self.side = max(_SMALLEST_TILE, self.side // 2)
        return f"tile-{self.side}"

    def enlarge(self, image: Image.Image, size: Size, step: Step, *, side: int = 0) -> Image.Image:
        """The picture in another size, with its edges sharp; an alpha channel is enlarged by itself.

        Args:
            image: mode RGB or RGBA. size: not smaller than the picture is.
            step: called after each tile. side: of the tiles in pixels; 0 is :attr:`side`.
        """
        layers = [_opaque(image), *([Image.merge("RGB", [image.getchannel("A")] * 3)] if image.mode == "RGBA" else [])]
        plan = _passes(image.size, size)
        counted = _Counted(step, len(layers) * len(plan))
        made = [self._layer(layer, plan, size, counted, side or self.side) for layer in layers]
        if len(made) == 1:
            return made[0]
        return Image.merge("RGBA", [*made[0].split(), made[1].getchannel("R")])

    def close(self) -> None:
        """Gives back the network's memory."""
        self._network = None

    def _layer(self, image: Image.Image, plan: list[Size], size: Size, step: _Counted, side: int) -> Image.Image:
        for before in plan:
            image = _resized(image, before)
            image = self._four_times(image, step.part(), side)
        return _resized(image, size)

    def _four_times(self, image: Image.Image, step: Step, side: int) -> Image.Image:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        made = enlarged(pixels, self._apply, scale=SCALE, side=side, overlap=self._network.reach, step=step)
        return Image.fromarray(made.permute(1, 2, 0).contiguous().numpy())

    @torch.inference_mode()
    def _apply(self, part: torch.Tensor) -> torch.Tensor:
        part = part.to(self._device, self._dtype).div(255).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._narrow):
            made: torch.Tensor = self._network(part)
        return made


def narrowed(plan: Plan) -> Plan:
    """The plan in which an upscaler beside another model runs: on a CPU that multiplies bfloat16, in that."""
    can = getattr(torch.cpu, "get_capabilities", dict)()
    if plan.device_kind != "cpu" or not (can.get("avx512_bf16") or can.get("amx_bf16") or can.get("arm_bf16")):
        return plan
    return plan.model_copy(update={"dtype": "bfloat16"})


class _Counted:
    """Counts the tiles of several passes as one, in per cent."""

    def __init__(self, step: Step, parts: int) -> None:
        self._step = step
        self._parts = max(1, parts)
        self._begun = 0

    def part(self) -> Step:
        """The counter of the next pass."""
        begun = self._begun
        self._begun += 1
        return lambda done, of: self._step(round(100 * (begun + done / of) / self._parts), 100)


def _passes(size: Size, target: Size) -> list[Size]:
    """The sizes from which the network is applied, four times each.

    All but the first are chosen so that the last pass ends at the target: eight times is four times, halved, and four
    times again, which is a quarter of the work of sixteen times and half.
    """
    ratio = max(target[0] / size[0], target[1] / size[1])
    if ratio <= 1:
        return []
    count = max(1, math.ceil(math.log(ratio, SCALE) - 1e-9))
    later = [
        (math.ceil(target[0] / SCALE**left), math.ceil(target[1] / SCALE**left)) for left in range(count - 1, 0, -1)
    ]
    return [size, *later]


def _resized(image: Image.Image, size: Size) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _opaque(image: Image.Image) -> Image.Image:
    """The colours without their alpha: transparent parts take those of the nearest opaque ones, not black."""
    if image.mode != "RGBA":
        return image
    alpha = np.asarray(image.getchannel("A"), np.float32)[..., None] / 255
    colours = np.asarray(image.convert("RGB"), np.float32)
    weighted, weight = (_blurred(layer) for layer in (colours * alpha, alpha * 255))
    spread = np.where(weight > 1, weighted / np.maximum(weight, 1e-3) * 255, 255.0)
    return Image.fromarray(np.where(alpha > 0, colours, spread).clip(0, 255).round().astype(np.uint8))


def _blurred(layer: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    channels = [Image.fromarray(channel.astype(np.uint8)) for channel in np.moveaxis(layer, -1, 0)]
    return np.stack([np.asarray(c.filter(ImageFilter.GaussianBlur(_BLEED)), np.float32) for c in channels], -1)
