"""What a server costs for a request that takes no work: ours on the echo plugin, peers saying hello."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

import psutil
import server as ours

from .charts import Chart
from .options import Figures, Options, attempted, row
from .programs import bentoml, litserve
from .servers import Server

TITLE = "Server CPU beside peers"
REQUESTS = 600
ROUNDS = 3
HELLO, MINE = "FastAPI hello", "`aigc serve`"


def measure(options: Options) -> Figures:
    """Milliseconds of CPU of all processes for one request, and what its client waits; medians of rounds in turns."""
    starts: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        HELLO: partial(as_server, ours.hello),
        MINE: partial(as_server, ours.echo),
        "LitServe": partial(litserve, options.cache),
        "BentoML": partial(bentoml, options.cache),
    }
    figures: Figures = {}
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, start in starts.items():
            found = attempted(name, lambda n=name, s=start: servers.update({n: stack.enter_context(s())}) or {})
            figures[name] = found
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                requests = options.count(REQUESTS)
                rounds[name].append(ours.per_request(server.url + "/v1", server.process, requests))
    for name, taken in rounds.items():
        cpu, wait = (statistics.median(each) for each in zip(*taken, strict=True))
        figures[name] = {"cpu": cpu, "wait": wait}
    return figures


@contextmanager
def as_server(start: Callable[[], AbstractContextManager[tuple[str, psutil.Process]]]) -> Iterator[Server]:
    """A server of benchmarks/server.py."""
    with start() as (url, process):
        yield Server(url.removesuffix("/v1"), process)


def told(figures: Figures) -> list[str]:
    """The table."""
    lines = [
        "CPU of all processes of a server for one chat request: ours on the echo plugin, the others say hello and do"
        " nothing else. One client, kept-alive connections, in turns.",
        "",
        "| | CPU, ms | beside FastAPI | the client waits, ms |",
        "| --- | --- | --- | --- |",
    ]
    plain = figures[HELLO].get("cpu")
    for name, found in figures.items():
        lines.append(
            row(
                name,
                found,
                lambda f: f"{f['cpu']:.2f}",
                lambda f: f"{f['cpu'] / plain:.1f}" if plain else "",
                lambda f: f"{f['wait']:.2f}",
            )
        )
    return lines


def charts(figures: Figures) -> list[Chart]:
    bars = {name.strip("`"): found["cpu"] for name, found in figures.items() if "cpu" in found}
    return [
        Chart("peers-request", "CPU of the server for a request, ms (less is better)", {"": bars}, mine=MINE.strip("`"))
    ]
