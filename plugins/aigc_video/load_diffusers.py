"""Loads a model for the diffusers runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from . import pipeline
from .filming import FilmingRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> FilmingRunner:
    """The pipeline in diffusers.

    Raises:
        CorruptModel: the files are damaged or hold no video pipeline. InvalidRequest: it wants its own code run.
    """
    pipe = pipeline.load(files.folder(), plan, trust_remote_code=files.trust_remote_code)
    return FilmingRunner(pipe, plan, float(str(card.default_options["fps"])), dict(files.sha256))
