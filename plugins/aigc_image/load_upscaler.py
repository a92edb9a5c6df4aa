"""Loads a Real-ESRGAN network for the upscaling runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from . import convert_ncnn
from .upscale_runner import UpscaleRunner
from .upscaler import Upscaler


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> UpscaleRunner:
    """The network in torch.

    Raises:
        CorruptModel: the files are no such network.
    """
    return UpscaleRunner(card, Upscaler(convert_ncnn.network_of(card, files), plan), dict(files.sha256))
