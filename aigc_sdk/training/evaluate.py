"""Measures of a trained pipeline: how true its autoencoder is, and whether it draws what exact captions name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .autoencoder import psnr, to_signed
from .captions import Example
from .export import load
from .recipe import EvaluateSettings
from .run import Run, read_json, write_json
from .sheets import save_sheet
from .steps import Step, drawn, latents_of, spread

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline

    from .latents import Latents

_RECONSTRUCTED = 256
_ON_SHEET = 128
_AT_ONCE = 4096
"""Training pictures compared in one go."""


class Evaluate(Step):
    """Measures the pipeline and draws a sheet of what was measured."""

    name, makes = "evaluate", "evaluation.json"

    def done(self, run: Run) -> bool:
        kept = read_json(run.path(self.makes))
        return kept is not None and kept["settings"] == run.recipe.evaluate.model_dump()

    def run(self, run: Run) -> None:
        pipeline, latents = pipeline_of(run), latents_of(run)
        settings = run.recipe.evaluate
        examples = spread(latents.captioner.examples(sorted(set(latents.style))), settings.prompts)
        began = time.perf_counter()
        made = _draw(run, pipeline, examples, settings)
        seconds = (time.perf_counter() - began) / len(examples)
        save_sheet(made[:_ON_SHEET], run.path("sheets/evaluation.png"))
        figures: dict[str, Any] = {
            "autoencoder": {"psnr_db": round(reconstruction(pipeline, latents), 2)},
            "recall": recall(made, examples, latents),
            "seconds_per_picture": round(seconds, 3),
        }
        prompts = [example.prompt for example in examples]
        write_json(run.path(self.makes), {"settings": settings.model_dump(), "figures": figures, "prompts": prompts})


def pipeline_of(run: Run) -> StableDiffusionPipeline:
    """The run's trained pipeline in float32 on the plan's device."""
    return load(run.path("pipeline")).to(run.plan.device)


def _draw(
    run: Run, pipeline: StableDiffusionPipeline, examples: list[Example], settings: EvaluateSettings
) -> torch.Tensor:
    import torch

    parts, batch = [], 16
    for first in range(0, len(examples), batch):
        prompts = [example.prompt for example in examples[first : first + batch]]
        parts.append(drawn(pipeline, prompts, settings.sampling_steps, settings.guidance))
        run.progress("evaluate", min(first + batch, len(examples)), len(examples), {})
    return torch.cat(parts)


def reconstruction(pipeline: StableDiffusionPipeline, latents: Latents) -> float:
    """Mean PSNR in decibel of training pictures after encoding and decoding. All of them were trained on."""
    import torch

    originals = latents.pixels[: latents.originals]
    chosen = to_signed(originals[:: max(1, len(originals) // _RECONSTRUCTED)])
    parts = []
    with torch.inference_mode():
        for truth in torch.split(chosen, 32):
            made = pipeline.vae(truth.to(pipeline.device)).sample.cpu()
            parts.append(psnr(made, truth))
    return float(torch.cat(parts).mean())


def nearest(made: torch.Tensor, pixels: torch.Tensor) -> list[int]:
    """The training picture closest to each of the pictures made, by squared error.

    Args:
        made: (n, 3, side, side) from -1 to 1. pixels: (m, 3, side, side), bytes.
    """
    import torch

    flat = made.clamp(-1, 1).flatten(1)
    distances = [torch.cdist(flat, to_signed(part).flatten(1)) for part in torch.split(pixels, _AT_ONCE)]
    return [int(place) for place in torch.cat(distances, 1).argmin(1)]


@dataclass
class _Tally:
    prompts: int = 0
    concept: int = 0
    style: int = 0


def recall(made: torch.Tensor, examples: list[Example], latents: Latents) -> dict[str, dict[str, float]]:
    """By group of examples: the shares of pictures whose nearest training picture shows what the caption names.

    The captions are the training set's own, so this measures recall, and says nothing of new wordings.
    """
    tallies: dict[str, _Tally] = {}
    for example, place in zip(examples, nearest(made, latents.pixels[: latents.originals]), strict=True):
        tally = tallies.setdefault(example.group, _Tally())
        right = latents.concept[place] == example.concept
        tally.prompts += 1
        tally.concept += right
        tally.style += right and latents.style[place] == example.style
    return {
        group: {
            "prompts": tally.prompts,
            "concept": round(tally.concept / tally.prompts, 4),
            "concept_and_style": round(tally.style / tally.prompts, 4),
        }
        for group, tally in tallies.items()
    }
