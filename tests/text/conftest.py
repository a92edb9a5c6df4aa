"""A tiny Llama that all text tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.contract.runner import ModelFiles, Runner
from aigc_sdk.settings import home
from aigc_sdk.store import Store

from .tiny import LLAMA, FolderFiles, byte_tokenizer, make_plan, save_tiny

# As the plan of the transformers runner sets it: OpenMP threads that spin crawl where other work shares the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with a byte tokenizer, a chat template and a context of 256 tokens."""
    folder = tmp_path_factory.mktemp("tiny-llama")
    size = byte_tokenizer(folder)
    return save_tiny(folder, "LlamaForCausalLM", "LlamaConfig", vocab_size=size, **LLAMA)


@pytest.fixture(scope="session")
def llama_runner(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The tiny Llama in the transformers runner."""
    from aigc_text.load_transformers import load
    from aigc_text.manifest import MANIFEST

    runner = load(MANIFEST.models[0], make_plan(), FolderFiles(tiny_llama, tmp_path_factory.mktemp("home")))
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def default_model() -> ModelFiles:
    """The default model's files, from the user's store (fetched from the package index if need be)."""
    from aigc_text.manifest import MANIFEST

    return Store(home()).files(MANIFEST.models[0])
