"""Xinference with the same GGUF file, through its llama.cpp engine."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from .installs import DidNotStart, python
from .programs import SLOTS
from .servers import PORT, THREADS, Server, started

MODEL = "default"


@contextlib.contextmanager
def xinference(cache: Path, gguf: Path, template: str) -> Iterator[Server]:
    """Registers the file as a model named :data:`MODEL` with a chat template, and launches it.

    Raises:
        DidNotStart: also if the model is refused.
    """
    program = python("xinference", cache).with_name("xinference-local")
    with tempfile.TemporaryDirectory() as home:
        own = {
            "XINFERENCE_HOME": home,
            "TMPDIR": home,
            "XINFERENCE_AUTH_ADVANCED": "0",
            "XINFERENCE_DISABLE_METRICS": "1",
            "XINFERENCE_ENABLE_VIRTUAL_ENV": "0",
            "HF_HUB_OFFLINE": "1",
        }
        command = [str(program), "--host", "127.0.0.1", "--port", PORT, "--log-level", "warning"]
        with started(command, "/v1/models", own) as server:
            _launch(server.url, gguf, template)
            yield server


def _launch(url: str, gguf: Path, template: str) -> None:
    spec = {
        "model_format": "ggufv2",
        "model_size_in_billions": "0_135",
        "quantization": "Q4_1",
        "model_file_name_template": gguf.name,
        "model_uri": gguf.parent.as_uri(),
    }
    family = {
        "version": 2,
        "model_name": MODEL,
        "model_family": "other",
        "model_lang": ["en"],
        "model_ability": ["chat"],
        "context_length": 1024,
        "chat_template": template,
        "stop": ["<|im_end|>"],
        "stop_token_ids": [2],
        "model_specs": [spec],
    }
    launch = {
        "model_uid": MODEL,
        "model_name": MODEL,
        "model_type": "LLM",
        "model_engine": "llama.cpp",
        "model_format": "ggufv2",
        "model_size_in_billions": "0_135",
        "quantization": "Q4_1",
        "n_ctx": 1024 * SLOTS,
        "n_parallel": SLOTS,
        "n_threads": THREADS,
    }
    with httpx.Client(base_url=url, timeout=180) as client:
        registered = client.post("/v1/model_registrations/LLM", json={"model": json.dumps(family), "persist": False})
        for answer in (registered, client.post("/v1/models", json=launch)):
            if not answer.is_success:
                raise DidNotStart(f"did not start: {answer.text[:200]}")
