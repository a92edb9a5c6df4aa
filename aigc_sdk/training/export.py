"""From trained parts to a standard diffusers folder that any diffusers program loads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .diffusion import noise_schedule
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
        for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet):
            part.to(torch.float32)
        add(scratch)


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
