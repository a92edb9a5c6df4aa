"""The peers' servers: the shortest program of each that does the same, as its own documentation writes it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .installs import python
from .servers import PORT, THREADS, Server, started

LITSERVE = """
import sys
import litserve

class Hello(litserve.LitAPI):
    def setup(self, device):
        pass

    def predict(self, body):
        return {"hello": "world"}

if __name__ == "__main__":
    server = litserve.LitServer(Hello(api_path="/v1/chat/completions"), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
"""
BENTOML = """
import bentoml

@bentoml.service
class Hello:
    @bentoml.api(route="/v1/chat/completions")
    def hello(self, model: str, messages: list, seed: int) -> dict:
        return {"hello": "world"}
"""
XLLAMACPP = """
import signal, sys
import xllamacpp

path, port, slots, threads = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = path
params.hostnames, params.port = ["127.0.0.1"], int(port)
params.n_parallel = int(slots)
params.n_ctx = 1024 * int(slots)
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
params.verbosity = -1
server = xllamacpp.Server(params)
signal.sigwait({signal.SIGTERM, signal.SIGINT})
"""
SLOTS = 8


@contextlib.contextmanager
def litserve(cache: Path) -> Iterator[Server]:
    interpreter = str(python("litserve", cache))
    with _written("hello.py", LITSERVE) as program, started([interpreter, str(program), PORT], "/health") as server:
        yield server


@contextlib.contextmanager
def bentoml(cache: Path) -> Iterator[Server]:
    interpreter = str(python("bentoml", cache))
    with _written("hello.py", BENTOML) as program:
        own = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(program.parent)}
        place = ["--working-dir", str(program.parent), "--host", "127.0.0.1", "--port", PORT]
        command = [interpreter, "-m", "bentoml", "serve", "hello:Hello", *place]
        with started(command, "/readyz", own) as server:
            yield server


@contextlib.contextmanager
def xllamacpp(cache: Path, gguf: Path) -> Iterator[Server]:
    """llama.cpp's server with :data:`SLOTS` slots."""
    words = [str(python("xllamacpp", cache)), "-c", XLLAMACPP, str(gguf), PORT, str(SLOTS), str(THREADS)]
    with started(words, "/health") as server:
        yield server


@contextlib.contextmanager
def transformers(cache: Path, folder: Path) -> Iterator[Server]:
    """`transformers serve` on a folder of safetensors."""
    program = python("transformers", cache).with_name("transformers")
    place = ["--device", "cpu", "--host", "127.0.0.1", "--port", PORT]
    with started([str(program), "serve", str(folder), *place], "/health", {"HF_HUB_OFFLINE": "1"}) as server:
        yield server


@contextlib.contextmanager
def _written(name: str, source: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_text(source, "utf-8")
        yield path
