"""The default text model's files, as each engine wants them, and what the bare engine needs for a prompt.

As a program, `python -m _peers.default_model`: reads prompts as JSON, writes the milliseconds of each one's prefill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import text

HERE = Path(__file__).parents[1]


def gguf() -> Path:
    """The GGUF file of the store."""
    return text.model_folder() / text.model_file()


def safetensors() -> Path:
    """The folder that the reference runner loads: bfloat16, converted once from the GGUF file."""
    from aigc_text.convert_gguf import safetensors_folder

    client, entry, _ = text.engine_parts("transformers")
    return safetensors_folder(client.store.files(entry.card))


def prefill_ms(prompts: list[str]) -> list[float]:
    """Milliseconds that the bare engine reads each prompt in, one after another, in a process of its own."""
    command = [sys.executable, "-m", "_peers.default_model"]
    done = subprocess.run(command, input=json.dumps(prompts), cwd=HERE, capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    backend, ids = text.bare_backend("onnx")
    backend.free(backend.prefill(ids(text.WARM_UP))[0])
    taken = []
    for prompt in json.load(sys.stdin):
        tokens = ids(prompt)
        began = time.perf_counter()
        slot, _ = backend.prefill(tokens)
        taken.append((time.perf_counter() - began) * 1000)
        backend.free(slot)
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
