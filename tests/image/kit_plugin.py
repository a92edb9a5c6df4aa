"""The image plugin as the kit sees it: with a tiny drawing model that tests have put where AIGC_TINY_IMAGE says."""

from __future__ import annotations

import os

from aigc_image.manifest import MANIFEST as REAL

from aigc_sdk.contract.manifest import ModelCard, Source

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
MANIFEST = REAL.model_copy(update={"models": (TINY, *REAL.models), "default_model": TINY.id})
