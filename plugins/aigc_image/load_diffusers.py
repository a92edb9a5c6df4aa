"""Loads a model for the diffusers runner: any text-to-image pipeline, on any device."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from . import pipelines, wording_vocabulary
from .enlarging import Enlarger
from .runner import DiffusersRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> DiffusersRunner:
    """The pipeline in diffusers.

    Raises:
        CorruptModel: the files are damaged or hold no picture pipeline. InvalidRequest: it wants its own code run.
    """
    folder = files.folder()
    loaded = pipelines.load(folder, plan, trust_remote_code=files.trust_remote_code)
    enlarger = Enlarger(files, plan)
    if card.default_options.get("upscale"):
        enlarger.prepare(str(card.default_options["upscaler"]))
    return DiffusersRunner(card, plan, loaded, files, enlarger, wording_vocabulary.find(folder))
