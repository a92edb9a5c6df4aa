"""The runner of every diffusers pipeline: text to picture, picture to picture, inpainting."""

from __future__ import annotations

import copy
import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import PolicyBlocked
from aigc_sdk.contract.events import Completed, Event, Failed
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.requests import ImageRequest, Request
from aigc_sdk.contract.runner import BaseRunner, Item, ModelFiles, RunContext

from . import blending, encode, prompts, savings, schedulers, wording
from .calling import Call, Drawn, Stopped
from .enlarging import Enlarger
from .lora import Lora, Loras
from .pipelines import Pipelines
from .sizes import sizes_of
from .steps import Steps
from .task import Drawing, batch_key, call_arguments, make_drawing, placed
from .wording_vocabulary import Vocabulary

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Inputs:
    """A request, made ready.

    Attributes:
        prompt: as the model is told it. towards: another one that the picture lies towards. arguments: for the
            pipeline. notes: for the receipt.
    """

    prompt: str
    towards: str | None
    drawing: Drawing
    arguments: dict[str, Any]
    lora: Lora | None
    notes: tuple[str, ...]


class DiffusersRunner(BaseRunner):
    """A pipeline that serves many requests.

    On the CPU, pictures that share a run are drawn one after the other: there a batch is hardly faster, and its
    arithmetic depends on its size, so that a picture would depend on its batch-mates in the last bits.
    """

    def __init__(
        self,
        card: ModelCard,
        plan: Plan,
        pipelines: Pipelines,
        files: ModelFiles,
        enlarger: Enlarger,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.libraries = ("torch", "diffusers", "transformers", "pillow")
        self._weights = dict(files.sha256)
        self._card = card
        self._pipelines = pipelines
        self._enlarger = enlarger
        self._vocabulary = vocabulary
        self._loras = Loras(files)
        self._sizes = sizes_of(pipelines.first)
        self._scheduler = pipelines.first.scheduler
        self._relief = savings.rungs(pipelines, plan)
        self._together = 1 if plan.device_kind == "cpu" else plan.max_batch
        # A copy: tokenizers keep padding and truncation as state, and the pipeline's own is in use in another thread.
        self._tokenizer = copy.deepcopy(getattr(pipelines.first, "tokenizer", None))
        self._tokenizer_lock = threading.Lock()

    @property
    def weights(self) -> dict[str, str]:  # type: ignore[override]
        """The model's files and, once it was used, the upscaler's."""
        return self._weights | self._enlarger.weights

    def preprocess(self, request: Request) -> Inputs:
        assert isinstance(request, ImageRequest)
        prompts.check_length(request.prompt, request.negative_prompt)
        scheduler = request.options.get("scheduler")
        schedulers.check(str(scheduler) if scheduler else None, self._scheduler)
        arguments = call_arguments(request, self._pipelines.parameters(request.task))
        drawing = make_drawing(request, self._sizes)
        lora = self._loras.find(request)
        if drawing.size != drawing.inner:
            self._enlarger.prepare(str(request.options["upscaler"]))
        reading = self._read(request, request.prompt)
        other = blending.other_prompt(request, self._pipelines.parameters(request.task))
        towards = self._read(request, other).prompt if other else None
        notes = [*reading.notes, *self._remarks(reading.prompt), *drawing.notes, *(lora.notes if lora else ())]
        return Inputs(reading.prompt, towards, drawing, arguments, lora, tuple(notes))

    def _read(self, request: ImageRequest, prompt: str) -> wording.Reading:
        """A prompt as a caption, for a model that knows captions only."""
        if self._vocabulary is None or not request.options["wording"]:
            return wording.Reading(prompt)
        return wording.read(prompt, self._vocabulary)

    def _remarks(self, prompt: str) -> list[str]:
        if self._tokenizer is None or not prompt:
            return []
        with self._tokenizer_lock:
            return prompts.remarks(prompt, self._tokenizer)

    def batch_key(self, request: Request) -> Hashable:
        assert isinstance(request, ImageRequest)
        if request.task != "text-to-image":
            return (request.task, object())  # their pictures may have any size
        return batch_key(request, make_drawing(request, self._sizes).size)

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for first in range(0, len(items), self._together):
            yield from self._draw(items[first : first + self._together], context)

    def relieve(self) -> str | None:
        return next(self._relief, None)

    def close(self) -> None:
        self._enlarger.close()
        self._pipelines.close()

    def _draw(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        live = [item for item in items if not context.cancelled(item.index)]
        if not live:
            return
        request, inputs = live[0].request, live[0].inputs
        assert isinstance(request, ImageRequest)
        pipe = self._pipelines.of(request.task)
        scheduler = request.options.get("scheduler")
        pipe.scheduler = schedulers.make(str(scheduler) if scheduler else None, self._scheduler, request.steps)
        self._loras.apply(pipe, inputs.lora)
        try:
            drawn = Call(pipe, live, context, self._pipelines.parameters(request.task)).drawn()
        except Stopped:
            return
        for item, result in zip(live, drawn, strict=True):
            yield from self._finish(item, result, context)

    def _finish(self, item: Item, drawn: Drawn, context: RunContext) -> Iterator[tuple[int, Event]]:
        request, inputs = item.request, item.inputs
        assert isinstance(request, ImageRequest)
        if context.cancelled(item.index):
            return
        if drawn.refused:
            what = "the model's own safety checker found the picture unsafe"
            yield item.index, Failed(PolicyBlocked(what, fix="another prompt or seed"))
            return
        drawing, notes = inputs.drawing, list(inputs.notes)
        image = drawn.image
        if image.size != drawing.inner:
            upscaler = str(request.options["upscaler"])
            try:
                image, how = self._enlarger.enlarge(image, drawing.inner, upscaler, Steps(item.index, context))
            except Stopped:
                return
            notes.append(f"generated at {drawing.size[0]}x{drawing.size[1]}, {how}")
        if drawing.inner[0] < drawing.final[0] or drawing.inner[1] < drawing.final[1]:
            notes.append(f"{drawing.inner[0]}x{drawing.inner[1]} of it are drawn, the rest is background")
        image = _with_original(placed(image, drawing.final), drawing)
        quality = int(str(request.options["quality"]))
        units = {"pixels": float(drawing.size[0] * drawing.size[1]), "steps": float(drawn.steps)}
        yield item.index, Completed(encode.artifact(image, request.format, quality), units, tuple(notes))


def _with_original(image: Image, drawing: Drawing) -> Image:
    """Where the mask is black, the pixels of the picture that was given, not what the autoencoder made of them."""
    if drawing.original is None or drawing.original_mask is None:
        return image
    from PIL import Image as Pillow

    return Pillow.composite(image, drawing.original, drawing.original_mask)
