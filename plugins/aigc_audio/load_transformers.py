"""Loads a model for the transformers runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .speech import SpeechRunner
from .torch_voices import load_voice


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> SpeechRunner:
    """The model in transformers.

    Raises:
        CorruptModel: if the files are damaged or hold no text-to-speech or text-to-audio model.
    """
    return SpeechRunner(load_voice(files.folder(), plan), card.id, dict(files.sha256), warm_up=False)
