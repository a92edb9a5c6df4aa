"""Loads a model for the whisper runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .convert_whisper import safetensors_folder
from .transcription import TranscriptionRunner
from .whisper_torch import TorchWhisper


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> TranscriptionRunner:
    """The model in transformers; converted once if it comes in CTranslate2's format.

    Raises:
        CorruptModel: if the files are no Whisper model.
    """
    folder = safetensors_folder(files)
    return TranscriptionRunner(TorchWhisper(folder, plan), dict(files.sha256))
