"""The diffusers runner: any text-to-video or image-to-video pipeline, a clip at a time."""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.events import Event
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.requests import Request, VideoRequest
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from . import order, pictures, pipeline
from .writing import Steps, written

_FEW = 16
"""Frames of a clip where neither request nor pipeline says how many."""
_FRAMES = ("num_frames", "frames", "video_length")
"""What pipelines call the number of frames."""


class Stopped(Exception):
    """The clip was cancelled."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A request, read. ``picture``: where the clip begins, if it is given."""

    order: order.Order
    picture: Image.Image | None


class Filmed:
    """The frames that a pipeline made as the moving part of a clip; the last one stays if it has to last longer."""

    def __init__(self, frames: Sequence[Image.Image]) -> None:
        self._frames = frames

    def frame(self, number: int, of: int) -> Image.Image:
        return self._frames[min(number, len(self._frames) - 1)]


class FilmingRunner(BaseRunner):
    """A loaded pipeline.

    Args:
        fps: how fast its frames are played where the request does not say.
    """

    libraries = ("torch", "diffusers", "transformers", "safetensors", "av", "pillow")

    def __init__(self, pipe: Any, plan: Plan, fps: float, weights: dict[str, str]) -> None:
        self.weights = weights
        self._pipe: Any = pipe
        self._fps = fps
        self._parameters = inspect.signature(type(pipe).__call__).parameters
        self._rungs = pipeline.rungs(pipe, plan)

    def preprocess(self, request: Request) -> Inputs:
        assert isinstance(request, VideoRequest)
        self._check(request)
        picture = pictures.given(request.image) if request.image is not None else None
        usual_s = self._usual_frames() / (request.fps or self._fps)
        return Inputs(order.read(request, usual_s=usual_s, usual_fps=self._fps), picture)

    def batch_key(self, request: Request) -> Hashable:
        return "clip"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for item in items:
            try:
                for event in self._made(item, context):
                    yield item.index, event
            except Stopped:
                continue

    def relieve(self) -> str | None:
        return next(self._rungs, None)

    def close(self) -> None:
        self._pipe = None
        self._rungs = iter(())

    def _made(self, item: Item, context: RunContext) -> Steps:
        inputs = item.inputs
        assert isinstance(inputs, Inputs)
        parts = inputs.order.parts
        usual = self._usual_frames()
        # What a voice-over or cards add to a clip is not filmed: the last frame stays.
        wanted = parts.moving if getattr(item.request, "duration_s", None) else min(usual, parts.moving)
        frames = self._filmed(item, context, wanted)
        notes = []
        if len(frames) < parts.moving:
            notes.append(f"the model made {len(frames)} frames; the last one stays for {parts.moving - len(frames)}")
        size = frames[0].size
        timeline = inputs.order.timeline(Filmed(frames), size)
        yield from written(
            timeline, inputs.order, size, lambda: context.cancelled(item.index), notes, what="writing frames"
        )

    def _filmed(self, item: Item, context: RunContext, count: int) -> list[Image.Image]:
        """The pipeline's frames, at most ``count``.

        Raises:
            Stopped: the item was cancelled. InvalidRequest: the pipeline refuses its arguments.
        """
        import torch

        if context.cancelled(item.index):
            raise Stopped
        arguments = self._arguments(item, count) | self._callbacks(item, context)
        try:
            with torch.inference_mode():
                made = self._pipe(**arguments)
        except ValueError as error:
            if any(frame.name == "check_inputs" for frame in traceback.extract_tb(error.__traceback__)):
                what = f"the pipeline refuses: {' '.join(str(error).split())[:300]}"
                raise InvalidRequest(what, plugin="video") from error
            raise
        finally:
            self._pipe.maybe_free_model_hooks()
        return _frames(made.frames)[:count]

    def _arguments(self, item: Item, count: int) -> dict[str, Any]:
        import torch

        request, inputs = item.request, item.inputs
        assert isinstance(request, VideoRequest)
        frames = next((name for name in _FRAMES if name in self._parameters), "num_frames")
        arguments: dict[str, Any] = {
            frames: self._allowed(count),
            "generator": torch.Generator("cpu").manual_seed(item.seed),
            "output_type": "np",
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt or None,
            "num_inference_steps": request.steps,
            "guidance_scale": request.guidance_scale,
            "frame_rate": float(inputs.order.fps),
        }
        size = self._size(request, inputs.picture)
        arguments |= size
        if inputs.picture is not None:
            arguments["image"] = self._first(inputs.picture, size)
        return {name: v for name, v in arguments.items() if v is not None and name in self._parameters}

    def _size(self, request: VideoRequest, picture: Image.Image | None) -> dict[str, int]:
        """Width and height: as asked for; else in the picture's shape, with the pipeline's usual number of pixels."""
        if request.width and request.height:
            return {"width": request.width, "height": request.height}
        usual: list[Any] = [self._parameters[n].default if n in self._parameters else None for n in ("width", "height")]
        if picture is None or not all(isinstance(length, int) for length in usual):
            return {n: v for n, v in (("width", request.width), ("height", request.height)) if v}
        area, shape, step = usual[0] * usual[1], picture.width / picture.height, self._step()
        width = request.width or (request.height * shape if request.height else math.sqrt(area * shape))
        height = request.height or width / shape
        return {n: max(step, step * round(v / step)) for n, v in (("width", width), ("height", height))}

    def _step(self) -> int:
        """What width and height must be multiples of."""
        scale: Any = getattr(self._pipe, "vae_scale_factor_spatial", None) or getattr(self._pipe, "vae_scale_factor", 8)
        return max(16, int(scale) * 2)

    @staticmethod
    def _first(picture: Image.Image, size: dict[str, int]) -> Image.Image:
        flat = pictures.flattened(picture)
        if "width" in size and "height" in size:
            return pictures.contained(picture, (size["width"], size["height"]), order.WHITE)
        return flat

    def _allowed(self, count: int) -> int:
        """The least number of frames that the model can make which is not less: so many at a time, and one."""
        ratio = getattr(self._pipe, "vae_scale_factor_temporal", None)
        ratio = ratio or getattr(self._pipe, "vae_temporal_compression_ratio", None) or 1
        return count if ratio <= 1 else math.ceil((count - 1) / ratio) * int(ratio) + 1

    def _callbacks(self, item: Item, context: RunContext) -> dict[str, Any]:
        taken = 0

        def step(*_: Any) -> dict[str, Any]:
            nonlocal taken
            if context.cancelled(item.index):
                raise Stopped
            taken += 1
            of = int(getattr(self._pipe, "num_timesteps", 0) or 0)
            context.progress(item.index, taken, max(of, taken) if of else None, "filming")
            return {}

        if "callback_on_step_end" in self._parameters:
            return {"callback_on_step_end": step}
        return {"callback": step, "callback_steps": 1} if "callback" in self._parameters else {}

    def _usual_frames(self) -> int:
        found = [self._parameters[name].default for name in _FRAMES if name in self._parameters]
        for part, name in (("unet", "num_frames"), ("transformer", "sample_frames")):
            found.append(getattr(getattr(getattr(self._pipe, part, None), "config", None), name, None))
        return next((count for count in found if isinstance(count, int)), _FEW)

    def _check(self, request: VideoRequest) -> None:
        """Raises InvalidRequest for what this pipeline cannot be told, rather than ignoring it."""
        asked = {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance_scale,
            "num_inference_steps": request.steps,
        }
        wrong = [name for name, value in asked.items() if value is not None and name not in self._parameters]
        if request.motion:
            wrong.append("motion")
        if wrong:
            what = f"{type(self._pipe).__name__} does not know {', '.join(wrong)}"
            raise InvalidRequest(what, plugin="video", fix="say it in the prompt" if request.motion else "leave it out")


def _frames(found: Any) -> list[Image.Image]:
    """Frames as pictures: of a batch of one, as an array 0 to 1 or as pictures."""
    first = found[0] if not (isinstance(found, np.ndarray) and found.ndim == 4) else found
    return [
        frame.convert("RGB")
        if isinstance(frame, Image.Image)
        else Image.fromarray((np.clip(np.asarray(frame, np.float32), 0, 1) * 255).round().astype(np.uint8))
        for frame in first
    ]
