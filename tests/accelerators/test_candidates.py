from __future__ import annotations

import subprocess
import sys

import pytest

from aigc_sdk.accelerators.candidates import is_installed, needs_torch

from .samples import GGUF, ONNX, TORCH, card, everything, manifest


@pytest.mark.parametrize("name", ["json", "xml.etree.ElementTree", "pytest", "aigc_sdk.contract.plan"])
def test_what_is_installed(name):
    assert is_installed(name)


@pytest.mark.parametrize("name", ["no_such_module", "json.no_such_module", "no_such.module", "json.decoder.deeper"])
def test_what_is_not(name):
    assert not is_installed(name)


def test_a_module_without_a_spec_is_there(monkeypatch):
    import types

    monkeypatch.setitem(sys.modules, "by_hand", types.ModuleType("by_hand"))
    assert is_installed("by_hand")


def test_looking_imports_nothing():
    code = (
        "import sys; from aigc_sdk.accelerators.candidates import is_installed;"
        "print(is_installed('wsgiref.util'), 'wsgiref' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_torch_is_asked_only_if_a_runner_may_use_it_on_a_gpu():
    safetensors, gguf = card(), card(format="gguf")
    assert needs_torch(safetensors, manifest(), None, everything)
    assert not needs_torch(safetensors, manifest(), None, lambda name: name != "torch")
    assert not needs_torch(safetensors, manifest(), "onnx", everything)
    assert not needs_torch(gguf, manifest(TORCH, GGUF), None, everything)
    assert not needs_torch(
        safetensors, manifest(TORCH.model_copy(update={"devices": ("cpu",)}), ONNX), None, everything
    )
