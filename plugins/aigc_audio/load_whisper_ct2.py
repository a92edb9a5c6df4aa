"""Loads a model for the whisper-ct2 runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .transcription import TranscriptionRunner
from .whisper_ct2 import CTranslateWhisper


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> TranscriptionRunner:
    """The model on CTranslate2.

    Raises:
        CorruptModel: if the files are no Whisper model in CTranslate2's format.
    """
    device = "cuda" if plan.device_kind == "cuda" else "cpu"
    folder = files.folder()
    recogniser = CTranslateWhisper(folder, device=device, compute_type=plan.dtype, threads=plan.threads)
    return TranscriptionRunner(recogniser, dict(files.sha256))
