"""The image plugin as the kit sees it: with tiny models, which tests have put where two variables say."""

from __future__ import annotations

import os

from aigc_image.manifest import MANIFEST as REAL

from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile

TINY = ModelCard(
    id="tiny",
    tasks=("text-to-image", "image-to-image", "inpaint"),
    sources=(Source(uri=f"file:{os.environ.get('AIGC_TINY_IMAGE', '/nowhere')}"),),
    licence="Apache-2.0",
    size_bytes=600_000,
    architecture="StableDiffusionPipeline",
    runners=("diffusers",),
    default_options={"steps": 3},
    units="pixels",
)
_NETWORK = tuple(SourceFile(path=name, name=name) for name in ("network.param", "network.bin"))
TINY_UPSCALER = ModelCard(
    id="tiny-upscaler",
    tasks=("upscale",),
    sources=(Source(uri=f"file:{os.environ.get('AIGC_TINY_NETWORK', '/nowhere')}", files=_NETWORK),),
    licence="BSD-3-Clause",
    size_bytes=10_000,
    format="ncnn",
    architecture="SRVGGNetCompact",
    runners=("realesrgan",),
    units="pixels",
)
MANIFEST = REAL.model_copy(update={"models": (TINY, TINY_UPSCALER, *REAL.models), "default_model": TINY.id})
