"""Loads the voices for the kokoro runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .kokoro import KokoroVoice
from .speech import SpeechRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> SpeechRunner:
    """The model and its voices on ONNX Runtime.

    Raises:
        CorruptModel: if the files are not Kokoro's.
    """
    voice = KokoroVoice(files.folder(), card.voices, plan.threads)
    return SpeechRunner(voice, card.id, dict(files.sha256))
