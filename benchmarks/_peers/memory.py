"""Memory of a server that waits: all its processes, before the first request and with a model loaded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import server as echo_and_hello

from . import default_model
from .charts import Chart
from .clients import ask
from .options import Figures, Options, attempted, row
from .per_request import as_server
from .programs import bentoml, litserve, transformers, xllamacpp
from .servers import Server, ours
from .text_load import bodies

TITLE = "Memory of an idle server"
MINE, LOADED = "`aigc serve`, no model", "`aigc serve`, text loaded"
SETTLE_S = 2.0


def measure(options: Options) -> Figures:
    """MiB and processes of each server."""
    cache = options.cache
    hello: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        "FastAPI hello": partial(as_server, echo_and_hello.hello),
        "LitServe hello": partial(litserve, cache),
        "BentoML hello": partial(bentoml, cache),
        MINE: ours,
    }
    loaded: dict[str, tuple[Callable[[], AbstractContextManager[Server]], dict[str, object]]] = {
        LOADED: (partial(ours, "default"), {}),
        "llama.cpp (xllamacpp), text loaded": (lambda: xllamacpp(cache, default_model.gguf()), {}),
        "`transformers serve`, text loaded": (
            lambda: transformers(cache, default_model.safetensors()),
            {"model": str(default_model.safetensors())},
        ),
    }
    figures = {name: attempted(name, partial(_idle, start, None)) for name, start in hello.items()}
    return figures | {name: attempted(name, partial(_idle, *each)) for name, each in loaded.items()}


def _idle(start: Callable[[], AbstractContextManager[Server]], extra: dict[str, Any] | None) -> Figures:
    """After one short answer if ``extra`` fields of it are given."""
    with start() as server:
        if extra is not None:
            asyncio.run(ask(server.url, bodies(1, 1, extra | {"max_tokens": 8})[0]))
        time.sleep(SETTLE_S)
        found = [process.memory_full_info() for process in server.all()]
        return {
            "processes": len(found),
            "rss": sum(each.rss for each in found) / 2**20,
            "uss": sum(each.uss for each in found) / 2**20,
        }


def told(figures: Figures) -> list[str]:
    """The table."""
    lines = [
        "Two seconds after the start, or after one short answer. Own memory (USS) is what would be free without the"
        " server; the resident size (RSS) counts what its processes share in each of them, and files that are"
        " merely mapped.",
        "",
        "| | processes | own, MiB | resident, MiB |",
        "| --- | --- | --- | --- |",
    ]
    for name, found in figures.items():
        lines.append(
            row(name, found, lambda f: f"{f['processes']}", lambda f: f"{f['uss']:,.0f}", lambda f: f"{f['rss']:,.0f}")
        )
    return lines


def charts(figures: Figures) -> list[Chart]:
    bars = {name.replace("`", ""): found["uss"] for name, found in figures.items() if "uss" in found}
    return [
        Chart(
            "peers-memory",
            "Own memory of a server that waits, MiB (less is better)",
            {"": bars},
            mine=LOADED.replace("`", ""),
        )
    ]
