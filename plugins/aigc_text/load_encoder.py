"""Loads a model for the encoder runner."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .encoder import Encoder
from .runner_encoder import EncoderRunner
from .sentence_settings import read_settings
from .seq2seq_tokenizer import load_tokenizer
from .tokenizer import read_json
from .torch_model import load_model


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> EncoderRunner:
    """The model in transformers, without the head that it may have.

    Raises:
        CorruptModel: the files are damaged or are no such model. InvalidRequest: it wants its own code run, or has
            parts beyond those that are known here.
    """
    folder = files.folder()
    settings = read_settings(folder)
    model = load_model(folder, plan, head="none", trust_remote_code=files.trust_remote_code)
    return EncoderRunner(
        Encoder(model, plan.device, settings.pooling, rows=plan.max_batch),
        load_tokenizer(folder, read_json(folder / "config.json")),
        settings,
        weights=dict(files.sha256),
    )
