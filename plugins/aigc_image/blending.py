"""A picture between two prompts: what the text encoder makes of them is mixed, and one noise denoised for the mixture.

Along the way from one to the other the drawing changes its shape, where mixing finished pictures or latents would show
both at once, half transparent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import ImageRequest

if TYPE_CHECKING:
    import torch


def other_prompt(request: ImageRequest, parameters: Collection[str]) -> str | None:
    """The prompt that the picture lies towards; None if there is none.

    Raises:
        InvalidRequest: the pipeline, or the task, takes no mixture.
    """
    towards = str(request.options.get("towards") or "").strip()
    if not towards:
        return None
    # Pipelines with several text encoders mix pooled vectors too; none of those was tried.
    able = "prompt_embeds" in parameters and "pooled_prompt_embeds" not in parameters
    if request.task != "text-to-image" or not able:
        what = "this pipeline draws nothing between two prompts" if not able else "towards is for text-to-image"
        raise InvalidRequest(what, plugin="image", fix="leave the option towards out")
    return towards


def mixed(pipe: Any, prompts: Sequence[str], others: Sequence[str], shares: Sequence[float]) -> torch.Tensor:
    """Text embeddings, each ``shares[i]`` of the way (0 to 1) from ``prompts[i]`` to ``others[i]``."""
    import torch

    device = pipe._execution_device
    ends = [pipe.encode_prompt(list(texts), device, 1, False)[0] for texts in (prompts, others)]
    way = torch.tensor(shares, device=device, dtype=ends[0].dtype).view(-1, *[1] * (ends[0].dim() - 1))
    return torch.lerp(ends[0], ends[1], way)
