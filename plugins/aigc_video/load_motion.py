"""Loads the motion runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .motion import MotionRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> MotionRunner:
    """It has no weights of its own; for a morph it takes RIFE's."""
    return MotionRunner(files)
