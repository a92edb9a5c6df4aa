"""Loads the voice for the hibari runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .hibari import HibariVoice
from .speech import SpeechRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> SpeechRunner:
    """The model on ONNX Runtime; its code comes with the package hibari-tts, its weights from the store.

    Raises:
        CorruptModel: if the file is not hibari's model.
    """
    folder = files.folder()
    voice = HibariVoice(folder / "hibari.onnx", plan.threads)
    return SpeechRunner(voice, card.id, dict(files.sha256))
