"""Loads a model for the gguf runner."""

from __future__ import annotations

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from . import gguf_header
from .gguf_server import LlamaServer
from .runner_gguf import GgufRunner


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> GgufRunner:
    """The model's GGUF file in llama.cpp.

    Raises:
        CorruptModel: if there is no GGUF file, or llama.cpp cannot load it.
    """
    folder = files.folder()
    path = gguf_header.find(folder)
    if path is None:
        raise CorruptModel(f"{folder} holds no GGUF file", plugin="text")
    server = LlamaServer(path, threads=plan.threads, slots=plan.max_batch, bytes_free=plan.bytes_free)
    return GgufRunner(server, weights=dict(files.sha256))
