"""One call of a pipeline: a seed for each picture, progress, cancelling, previews."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import ImageRequest
from aigc_sdk.contract.runner import Item, RunContext

from . import blending, previews

if TYPE_CHECKING:
    from PIL.Image import Image

_TRUE_GUIDANCE = 4.0
"""Guidance by a negative prompt, for distilled models that are called without one otherwise (Flux)."""


class Stopped(Exception):
    """Every picture of the call was cancelled."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture. ``refused``: the pipeline's own safety checker blanked it. ``steps``: that were taken for it."""

    image: Image
    steps: int
    refused: bool = False


class Call:
    """Draws the pictures of some items together.

    Each has a generator of its own, on the CPU, so that its noise (at the start and, with schedulers that add some, at
    each step) depends on its seed only: not on its batch-mates, not on the device.

    Args:
        parameters: names of what the pipeline can be called with.
    """

    def __init__(self, pipe: Any, items: Sequence[Item], context: RunContext, parameters: Collection[str]) -> None:
        self._pipe = pipe
        self._items = items
        self._context = context
        self._parameters = parameters
        self._steps = 0

    def drawn(self) -> list[Drawn]:
        """The pictures, in the items' order.

        Raises:
            Stopped: all items were cancelled. InvalidRequest: the pipeline refuses its arguments.
        """
        try:
            made = self._pipe(**self._arguments())
        except ValueError as error:  # of the pipelines' own checks; they name the argument
            what = f"the pipeline refuses: {' '.join(str(error).split())[:300]}"
            raise InvalidRequest(what, plugin="image") from error
        finally:
            self._pipe.maybe_free_model_hooks()
        refused = getattr(made, "nsfw_content_detected", None) or [False] * len(self._items)
        return [Drawn(image, self._steps, bool(unsafe)) for image, unsafe in zip(made.images, refused, strict=True)]

    def _arguments(self) -> dict[str, Any]:
        import torch

        first = self._items[0].inputs
        requests = [item.request for item in self._items]
        arguments: dict[str, Any] = {
            **first.arguments,
            **self._prompts(requests),
            "generator": [torch.Generator("cpu").manual_seed(item.seed) for item in self._items],
            "output_type": "pil",
        }
        if any(isinstance(r, ImageRequest) and r.negative_prompt for r in requests):
            arguments["negative_prompt"] = [getattr(request, "negative_prompt", "") for request in requests]
            if "true_cfg_scale" in self._parameters:
                arguments["true_cfg_scale"] = _TRUE_GUIDANCE
        width, height = first.drawing.size
        arguments |= {name: v for name, v in (("width", width), ("height", height)) if name in self._parameters}
        drawings = [item.inputs.drawing for item in self._items]
        if first.drawing.image is not None:
            arguments["image"] = [drawing.image for drawing in drawings]
        if first.drawing.mask is not None:
            arguments["mask_image"] = [drawing.mask for drawing in drawings]
        if "callback_on_step_end" in self._parameters:
            arguments["callback_on_step_end"] = self._step
        return arguments

    def _prompts(self, requests: Sequence[Any]) -> dict[str, Any]:
        prompts = [item.inputs.prompt for item in self._items]
        towards = [item.inputs.towards for item in self._items]
        if towards[0] is None:  # of all or of none: it is part of the batch key
            return {"prompt": prompts}
        shares = [float(str(request.options["towards_share"])) for request in requests]
        return {"prompt_embeds": blending.mixed(self._pipe, prompts, towards, shares)}

    def _step(self, pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        live = [item for item in self._items if not self._context.cancelled(item.index)]
        if not live:
            raise Stopped
        self._steps = step + 1
        of = max(int(getattr(pipe, "num_timesteps", 0) or 0), self._steps)
        for item in live:
            self._context.progress(item.index, self._steps, of, "drawing")
        self._preview(live, tensors, of)
        return {}

    def _preview(self, live: Sequence[Item], tensors: dict[str, Any], of: int) -> None:
        """A decoded picture at most 256 pixels wide, from the latents as they are: noisy at first, then clearer."""
        wanted = [
            item
            for item in live
            if (every := int(str(item.request.options["previews"]))) and self._steps % every == 0 and self._steps < of
        ]
        if not wanted or "latents" not in tensors:
            return
        size = self._items[0].inputs.drawing.size
        for item in wanted:
            row = self._items.index(item)
            artifact = previews.decoded(self._pipe, tensors["latents"][row : row + 1], size)
            if artifact is not None:
                self._context.preview(item.index, artifact)
