"""Loads a model for the rife runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .between import Between
from .convert_rife import weights
from .interpolate import InterpolationRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> InterpolationRunner:
    """RIFE in torch; its weights are converted once.

    Raises:
        CorruptModel: the files are not RIFE's.
    """
    return InterpolationRunner(Between(weights(files), plan.device, plan.dtype), dict(files.sha256))
