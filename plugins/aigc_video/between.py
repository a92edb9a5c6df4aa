"""Frames between frames, by RIFE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_sdk.contract.errors import CorruptModel

if TYPE_CHECKING:
    from .encode import Pixels

_LARGE = 1_000_000
"""Pixels from which motion is looked for at half the size, as the authors advise for large frames."""


class Between:
    """A loaded RIFE model.

    Args:
        weights: the safetensors file. device, dtype: torch's names.

    Raises:
        CorruptModel: the file holds other weights.
    """

    def __init__(self, weights: Path, device: str, dtype: str = "float32") -> None:
        import torch
        from safetensors.torch import load_file

        from .ifnet import IFNet

        net = IFNet()
        try:
            net.load_state_dict(load_file(weights))
        except (RuntimeError, OSError) as error:
            raise CorruptModel(f"{weights} holds no RIFE model: {error}", plugin="video") from error
        self._dtype = getattr(torch, dtype)
        self._device = device
        self._net: Any = net.to(device, self._dtype).eval().requires_grad_(False)

    def frames(self, first: Pixels, second: Pixels, times: Sequence[float]) -> Iterator[Pixels]:
        """The frames at ``times``, 0 to 1, between two of the same shape, RGB of shape (height, width, 3)."""
        import torch

        if np.array_equal(first, second):
            yield from (first for _ in times)
            return
        height, width = first.shape[:2]
        scales = [16, 8, 4, 2] if height * width > _LARGE else [8, 4, 2, 1]
        with torch.inference_mode():
            one, two = self._tensor(first), self._tensor(second)
            for time in times:
                made = self._net(one, two, time, scales)[0, :, :height, :width]
                pixels = (made.float().clamp(0, 1) * 255).round().to(torch.uint8)
                yield pixels.permute(1, 2, 0).cpu().numpy()

    def close(self) -> None:
        """Lets go of all that it held; the engine gives the memory back."""
        self._net = None

    def _tensor(self, pixels: Pixels) -> Any:
        """Shape (1, 3, height, width), 0 to 1; both sides grown to what the network needs by repeating the edge."""
        import torch
        from torch.nn import functional as F

        from .ifnet import SIDE

        side = SIDE * 2 if pixels.shape[0] * pixels.shape[1] > _LARGE else SIDE
        x = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None]
        x = x.to(self._device, self._dtype) / 255
        below, right = -pixels.shape[0] % side, -pixels.shape[1] % side
        return F.pad(x, (0, right, 0, below), mode="replicate") if right or below else x
