"""The video plugin as the kit sees it: with a tiny pipeline that tests have put where AIGC_TINY_VIDEO says."""

from __future__ import annotations

import os

from aigc_video.manifest import MANIFEST as REAL

from aigc_sdk.contract.manifest import ModelCard, Source

TINY = ModelCard(
    id="tiny",
    tasks=("text-to-video",),
    sources=(Source(uri=f"file:{os.environ.get('AIGC_TINY_VIDEO', '/nowhere')}"),),
    licence="Apache-2.0",
    size_bytes=600_000,
    architecture="TextToVideoSDPipeline",
    runners=("diffusers",),
    default_options={"steps": 3, "fps": 4.0, "width": 32, "height": 32},
    units="frames",
)
MANIFEST = REAL.model_copy(update={"models": (TINY, *REAL.models), "default_model": TINY.id})
