from __future__ import annotations

import subprocess
import sys

from aigc_text.manifest import MANIFEST


def test_importing_it_imports_no_heavy_library() -> None:
    heavy = {"torch", "transformers", "numpy", "tokenizers", "onnxruntime", "xllamacpp", "jinja2", "llguidance"}
    code = f"import sys, aigc_text.manifest; found = {heavy!r} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_loader_and_the_resolver_exist() -> None:
    import importlib

    for path in [spec.loader for spec in MANIFEST.runners] + [str(MANIFEST.resolver)]:
        module, _, name = path.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_every_packaged_file_is_pinned_and_the_sizes_add_up() -> None:
    for card in MANIFEST.models:
        files = [file for source in card.sources for file in source.files]
        assert all(file.sha256 for file in files)
        assert sum(file.size or 0 for file in files) == card.size_bytes


def test_only_open_licences_come_without_acceptance() -> None:
    assert {card.id: card.open_licence for card in MANIFEST.models} == {
        "smollm2-135m-instruct": True,
        "qwen2.5-coder-0.5b-instruct": True,
        "gemma-3-270m": False,
        "all-minilm-l6-v2": True,
    }


def test_the_default_model_has_a_fast_runner_and_the_reference() -> None:
    card = MANIFEST.models[0]
    assert card.id == MANIFEST.default_model
    assert card.runners[0] == "onnx"
    assert card.architecture in MANIFEST.runner("onnx").architectures
    assert "transformers" in card.runners
