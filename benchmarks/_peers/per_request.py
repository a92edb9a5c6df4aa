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
    rounds: dict[str, list[Figures]] = {}
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, start in starts.items():
            figures[name] = attempted(name, partial(_entered, servers, name, stack, start))
        for turn in range(ROUNDS):
            for name, server in servers.items():
                if "error" not in figures[name]:
                    figures[name] = attempted(f"{name}, round {turn + 1}", partial(_round, server, options))
                    rounds.setdefault(name, []).append(figures[name])
    for name, taken in rounds.items():
        if "error" not in figures[name]:
            figures[name] = {what: statistics.median(each[what] for each in taken) for what in taken[0]}
    return figures


def _entered(
    servers: dict[str, Server], name: str, stack: ExitStack, start: Callable[[], AbstractContextManager[Server]]
) -> Figures:
    servers[name] = stack.enter_context(start())
    return {}


def _round(server: Server, options: Options) -> Figures:
    cpu, wait = ours.per_request(server.url + "/v1", server.process, options.count(REQUESTS))
    return {"cpu": cpu, "wait": wait}


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
