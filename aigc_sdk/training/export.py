"""From trained parts to a standard diffusers folder that any diffusers program loads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .diffusion import noise_schedule, unet_class
from .files import replacing_folder

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, PreTrainedTokenizerFast


def assemble(
    vae: AutoencoderKL, model: UNet2DConditionModel, encoder: CLIPTextModel, tokenizer: PreTrainedTokenizerFast
) -> StableDiffusionPipeline:
    """The stock pipeline around these parts; nothing is copied."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=model,
        scheduler=DDIMScheduler(**noise_schedule()),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def load(folder: Path) -> StableDiffusionPipeline:
    """A pipeline that was saved, in the dtype it was saved in."""
    from diffusers import StableDiffusionPipeline

    unet_class()
    return StableDiffusionPipeline.from_pretrained(folder)


def export(pipeline: StableDiffusionPipeline, folder: Path, add: Callable[[Path], None]) -> None:
    """Writes the pipeline in float16 safetensors; the folder appears whole or not at all.

    Args:
        pipeline: its weights are rounded to float16 by this.
        add: called with the finished files' folder, to write what goes with them.
    """
    import torch

    with replacing_folder(folder) as scratch:
        for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet):
            part.to(torch.float16)
        pipeline.save_pretrained(scratch, safe_serialization=True)
        _tidy(scratch)
        for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet):
            part.to(torch.float32)
        add(scratch)


def _tidy(folder: Path) -> None:
    """Forgets where on this machine the parts were loaded from, and lets all of them load in one dtype.

    Where a program names no dtype, diffusers loads the U-Net in float32, but transformers the text encoder in the one
    that its configuration names.
    """
    for path in folder.rglob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and content.keys() & {"_name_or_path", "dtype"}:
            content.pop("_name_or_path", None)
            if "dtype" in content:
                content["dtype"] = "float32"
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def sample(
    pipeline: StableDiffusionPipeline, prompts: list[str], seed: int, steps: int = 20, guidance: float = 2.0
) -> torch.Tensor:
    """Pictures (n, 3, side, side) from -1 to 1, each from the seed ``seed + position``."""
    import torch

    sources = [torch.Generator().manual_seed(seed + place) for place in range(len(prompts))]
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(prompts, num_inference_steps=steps, guidance_scale=guidance, generator=sources, output_type="pt")
    pictures: torch.Tensor = made.images
    return pictures.float() * 2 - 1
