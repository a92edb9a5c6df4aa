"""What it costs everybody that the plugin is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

from ...registry.plugins import PLUGINS
from ..subject import Subject
from ..verdict import expect, not_applicable

LIMIT_MS = 50.0
HEAVY = frozenset(
    (
        *("accelerate", "av", "bitsandbytes", "cv2", "diffusers", "fastapi", "gguf", "huggingface_hub", "jax"),
        *("kokoro", "librosa", "llama_cpp", "matplotlib", "mlx", "moviepy", "numba", "numpy", "onnx", "onnxruntime"),
        *("openai", "pandas", "PIL", "ray", "requests", "safetensors", "scipy", "sentencepiece", "sklearn"),
        *("soundfile", "sqlalchemy", "tensorflow", "tokenizers", "torch", "torchaudio", "torchvision", "transformers"),
        *("triton", "vllm", "xllamacpp"),
    )
)
"""Modules that take long to import, or that only a model needs."""

_MEASURE = """
import importlib, json, sys, time
sys.path[:] = json.loads(sys.argv[2])
begin = time.process_time()
import aigc_sdk.registry
bare = time.process_time()
before = set(sys.modules)
importlib.import_module(sys.argv[1])
end = time.process_time()
fresh = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
print("\\n" + json.dumps({"bare_ms": (bare - begin) * 1000, "ms": (end - bare) * 1000, "modules": fresh}))
"""
_TRIES = 3


class WeightChecks:
    """Checks of the manifest's import, in a process of its own in which aigc-sdk's registry is already loaded."""

    def test_manifest_imports_nothing_heavy(self, aigc_subject: Subject) -> None:
        """Importing the manifest's module brings no library that only a model needs (torch, numpy, PIL and so on)."""
        heavy = sorted(HEAVY & set(_measured(aigc_subject)["modules"]))
        expect(
            not heavy,
            f"importing the manifest's module imports {', '.join(heavy)}",
            rule="the entry point's target is a small module without heavy imports; every aigc command reads it",
            change="move load() and the runner to a module of their own, and name it as RunnerSpec.loader",
        )

    def test_manifest_imports_quickly(self, aigc_subject: Subject) -> None:
        """Importing the manifest's module takes less than 50 ms of CPU time.

        Measured in a bare interpreter that has loaded aigc-sdk's registry, CPU time only, the best of three tries. On a
        machine on which that registry itself takes long, the limit is a third of its time.
        """
        best = _measured(aigc_subject)
        for _ in range(_TRIES - 1):
            if best["ms"] < LIMIT_MS:
                break
            best = min(best, _measure(aigc_subject), key=lambda found: found["ms"])
        limit = max(LIMIT_MS, best["bare_ms"] / 3)
        expect(
            best["ms"] < limit,
            f"importing the manifest's module takes {best['ms']:.0f} ms of CPU time (the limit is {limit:.0f})",
            rule="every start of aigc imports every manifest",
            change="python -X importtime shows what takes long; compute nothing at import",
        )


def _measured(subject: Subject) -> dict[str, Any]:
    """One measurement for both checks."""
    found = subject.kept.get("import")
    if found is None:
        found = subject.kept["import"] = _measure(subject)
    return found


def _measure(subject: Subject) -> dict[str, Any]:
    command = [sys.executable, "-c", _MEASURE, _module(subject), json.dumps(sys.path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=subject.patience_s)
    if done.returncode:
        not_applicable(f"the manifest's module cannot be imported: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _module(subject: Subject) -> str:
    """The module that the registry imports to read the manifest."""
    if ":" in subject.name:
        return subject.name.partition(":")[0]
    for entry in entry_points(group=PLUGINS):
        if entry.dist is not None and entry.dist.name == subject.info.distribution:
            return entry.module
    not_applicable("the plugin was not found through an entry point")
