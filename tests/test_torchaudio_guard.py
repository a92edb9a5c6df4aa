"""torchaudio beside a torch that it was not built for: a stand-in whose library cannot be loaded, then the real one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = {
    "__init__.py": "from . import _extension\n",
    "_extension/__init__.py": "from .utils import _load_lib\nHAS = _load_lib('_torchaudio')\n",
    "_extension/utils.py": "def _load_lib(name):\n    {body}\n",
}


def _imported(folder: Path, body: str, guarded: bool) -> subprocess.CompletedProcess[str]:
    for name, text in PACKAGE.items():
        path = folder / "torchaudio" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{body}", body))
    code = f"{'import aigc_sdk' if guarded else 'pass'}; import torchaudio; print(torchaudio._extension.HAS)"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_library_that_cannot_be_loaded_counts_as_missing(tmp_path: Path) -> None:
    body = "raise OSError('libc10_cuda.so')"
    assert _imported(tmp_path, body, guarded=False).returncode != 0
    done = _imported(tmp_path, body, guarded=True)
    assert (done.returncode, done.stdout.strip()) == (0, "False")


def test_one_that_loads_is_left_alone(tmp_path: Path) -> None:
    assert _imported(tmp_path, "return True", guarded=True).stdout.strip() == "True"


def test_other_errors_are_not_hidden(tmp_path: Path) -> None:
    done = _imported(tmp_path, "raise RuntimeError('something else')", guarded=True)
    assert "something else" in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("torchaudio") is None, reason="torchaudio is not installed")
def test_the_real_one_works_and_transformers_with_it() -> None:
    code = (
        "import aigc_sdk, torch, torchaudio\n"
        "from transformers import LlamaForCausalLM, WhisperForConditionalGeneration\n"
        "print(torchaudio.functional.resample(torch.zeros(24000), 24000, 16000).shape[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "16000", done.stderr
