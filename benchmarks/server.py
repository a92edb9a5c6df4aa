"""What the server costs beside the model, and what clients that go away leave behind.

    python benchmarks/server.py [--requests 2000] [--leavers 10000] [--model] [--page docs/benchmarks.md]

CPU of a request is measured on the echo plugin, which does next to nothing: the CPU time of the whole server process,
with all its threads, divided by the requests, beside a FastAPI program that says hello and the engine called without a
server; each in a process of its own, in turns, asked by the same client over kept-alive connections. `--model` measures
the first token and the throughput of the default text model at 1, 8 and 32 clients.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from _page import put

ECHO = (
    "from aigc_sdk.testing import echo_registry; import aigc_sdk.engine.client as c; c.load_registry = echo_registry;"
)
SERVE = "from aigc_sdk.cli.main import main; main()"
HELLO = """
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.post("/v1/chat/completions")
async def hello(body: dict) -> dict:
    return {"hello": "world"}
@app.get("/v1/models")
async def models() -> dict:
    return {}
config = uvicorn.Config(app, port=int(__import__("sys").argv[1]), log_level="warning", access_log=False)
uvicorn.Server(config).run()
"""
BODY = {"model": "default", "messages": [{"role": "user", "content": "a red mug"}], "seed": 1}
ROUNDS = 3


@contextlib.contextmanager
def process(*command: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server on a port that is free, and its process."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = tuple(port if word == "PORT" else word for word in command)
    server = subprocess.Popen([sys.executable, "-c", *command], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        while server.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{url}/models", timeout=5)
                break
            time.sleep(0.1)
        else:
            raise SystemExit(f"the server did not start: {command}")
        yield url, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(60)


def echo(ledger: bool = False) -> Any:
    """`aigc serve` on the echo plugin, with or without a ledger."""
    quiet = "import os; os.environ['AIGC_HOME'] = __import__('tempfile').mkdtemp();"
    if not ledger:
        quiet += "import aigc_sdk.settings as s; before = c.load_settings;"
        quiet += "c.load_settings = lambda *a: before(['ledger.enabled=false']);"
    return process(ECHO + quiet + SERVE, "serve", "--port", "PORT")


def hello() -> Any:
    return process(HELLO, "PORT")


def cpu_ms(server: psutil.Process) -> float:
    """Milliseconds of CPU of a server so far, with the processes that it started."""
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times) * 1000


def per_request(url: str, server: psutil.Process, requests: int) -> tuple[float, float]:
    """Milliseconds of CPU that a request takes of the server, and the median of what its client waits."""
    with httpx.Client(base_url=url, timeout=60) as client:
        for _ in range(200):
            client.post("/chat/completions", json=BODY)
        before, waits = cpu_ms(server), []
        for _ in range(requests):
            began = time.perf_counter()
            assert client.post("/chat/completions", json=BODY).status_code == 200
            waits.append((time.perf_counter() - began) * 1000)
        return (cpu_ms(server) - before) / requests, statistics.median(waits)


def engine_alone(requests: int) -> float:
    """Milliseconds of CPU of a request to the engine, in this process."""
    from aigc_sdk import Client, TextRequest
    from aigc_sdk.settings import LedgerSettings, Settings
    from aigc_sdk.testing import echo_registry

    own = psutil.Process()
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=echo_registry()) as client:
        request = TextRequest(prompt="a red mug", seed=1)
        for _ in range(200):
            client.submit(request).result()
        before = cpu_ms(own)
        for _ in range(requests):
            client.submit(request).result()
        return (cpu_ms(own) - before) / requests


def cpu(requests: int) -> dict[str, float]:
    """Medians over rounds in turns."""
    rounds: list[dict[str, float]] = []
    with hello() as plain, echo() as ours, echo(ledger=True) as recorded:
        for _ in range(ROUNDS):
            theirs, their_wait = per_request(*plain, requests)
            served, wait = per_request(*ours, requests)
            written, _ = per_request(*recorded, requests)
            alone = engine_alone(requests)
            rounds.append(
                {
                    "FastAPI hello": theirs,
                    "aigc serve": served,
                    "with the ledger": written,
                    "engine alone": alone,
                    "wait": wait,
                    "hello": their_wait,
                }
            )
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


# --- clients that go away -----------------------------------------------------------------------------------------


async def ask(client: httpx.AsyncClient, leaves: bool, stream: bool) -> None:
    words = "word " * (5000 if leaves else 5)
    body = {"messages": [{"role": "user", "content": words}], "stream": stream, "options": {"delay_ms": float(leaves)}}
    if not leaves:
        assert (await client.post("/chat/completions", json=body)).status_code == 200
    elif stream:
        async with client.stream("POST", "/chat/completions", json=body) as answer:
            async for _ in answer.aiter_raw():
                break
    else:
        with contextlib.suppress(httpx.ReadTimeout):
            await client.post("/chat/completions", json=body, timeout=httpx.Timeout(120, read=0.05))


async def many(url: str, count: int, seed: int) -> None:
    """Requests, 16 at a time, of which one in twenty goes away."""
    dice = random.Random(seed)
    gate = asyncio.Semaphore(16)
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:

        async def one() -> None:
            async with gate:
                await ask(client, leaves=dice.random() < 0.05, stream=dice.random() < 0.5)

        await asyncio.gather(*(one() for _ in range(count)))


def pending(url: str) -> float:
    text = httpx.get(url.removesuffix("/v1") + "/metrics").text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("aigc_jobs_pending{"))


def leavers(count: int) -> dict[str, float]:
    """Memory of the server once half as many requests have warmed it up, and after all; jobs that still run."""
    with echo() as (url, server):
        asyncio.run(many(url, count // 2, seed=0))
        before = server.memory_info().rss
        asyncio.run(many(url, count, seed=1))
        until = time.monotonic() + 30
        while (left := pending(url)) and time.monotonic() < until:
            time.sleep(0.1)
        after = server.memory_info().rss
    return {"requests": count, "still running": left, "MiB before": before / 2**20, "MiB after": after / 2**20}


# --- the default model --------------------------------------------------------------------------------------------


async def throughput(url: str, clients: int, tokens: int = 64, begin: int = 0) -> tuple[float, float]:
    """Tokens a second of all clients together, and the median milliseconds to the first token.

    Args:
        begin: number of the first prompt; the same one again would be read from the model's cache.
    """
    firsts: list[float] = []
    async with httpx.AsyncClient(base_url=url, timeout=600) as client:

        async def one(number: int) -> int:
            body = {
                "messages": [{"role": "user", "content": f"Tell me a story about the number {number}."}],
                "stream": True, "max_tokens": tokens, "seed": number, "stream_options": {"include_usage": True},
            }  # fmt: skip
            began, used, silent = time.perf_counter(), 0, True
            async with client.stream("POST", "/chat/completions", json=body) as answer:
                async for line in answer.aiter_lines():
                    if '"usage":{' in line:
                        used = json.loads(line.removeprefix("data: "))["usage"]["completion_tokens"]
                    elif silent and line.startswith("data: {"):
                        silent = False
                        firsts.append((time.perf_counter() - began) * 1000)
            return used

        began = time.perf_counter()
        written = sum(await asyncio.gather(*(one(i) for i in range(begin, begin + clients))))
        return written / (time.perf_counter() - began), statistics.median(firsts)


def first_token_of_engine(rounds: int = 9) -> float:
    """Median milliseconds to the first token without a server."""
    import aigc_sdk as aigc

    with aigc.Client() as client:
        waits = []
        for number in range(rounds + 1):
            began = time.perf_counter()
            stream = client.stream("text", f"Tell me a story about the number {number}.", seed=number, max_tokens=8)
            for event in stream:
                if isinstance(event, aigc.Delta):
                    waits.append((time.perf_counter() - began) * 1000)
                    break
            stream.close()
        return statistics.median(waits[1:])


def model() -> dict[str, Any]:
    with process(SERVE, "serve", "--port", "PORT", "--preload", "default") as (url, _):
        asyncio.run(throughput(url, 2))
        alone = [asyncio.run(throughput(url, 1, 16, number))[1] for number in range(100, 109)]
        rounds = [
            {clients: asyncio.run(throughput(url, clients, begin=1000 * turn)) for clients in (1, 8, 32)}
            for turn in range(1, ROUNDS + 1)
        ]
    found = {
        clients: tuple(statistics.median(turn[clients][what] for turn in rounds) for what in (0, 1))
        for clients in rounds[0]
    }
    return {"first token, served": statistics.median(alone), "first token, engine": first_token_of_engine(), **found}


# --- telling ------------------------------------------------------------------------------------------------------


def told(figures: dict[str, float], gone: dict[str, float], text: dict[str, Any] | None) -> str:
    """The section of the page."""
    plain, ours, alone = figures["FastAPI hello"], figures["aigc serve"], figures["engine alone"]
    written = figures["with the ledger"]
    lines = [
        "## Server",
        "",
        "```text",
        "python benchmarks/server.py --model --page docs/benchmarks.md",
        "```",
        "",
        "CPU of the whole server process for one chat request on the echo plugin, beside a FastAPI program that says",
        "hello, both on uvicorn with httptools and uvloop, in turns; and of the same request to the engine without a",
        "server.",
        "",
        "| what | CPU, ms | beside hello |",
        "| --- | --- | --- |",
        f"| FastAPI hello | {plain:.2f} | 1 |",
        f"| the engine alone | {alone:.2f} | {alone / plain:.2f} |",
        f"| `aigc serve`, no ledger | {ours:.2f} | {ours / plain:.2f} |",
        f"| `aigc serve` as it is, with the ledger | {written:.2f} | {written / plain:.2f} |",
        "",
        f"Target: at most 0.6 ms beside the model's. Measured: {ours - alone:.2f} ms over the engine, of which"
        f" {plain:.2f} ms are hello's; {written - alone:.2f} ms with the ledger, which is written whether there is a"
        " server or not.",
        "",
        f"{gone['requests']:,.0f} requests, of which one in twenty went away: {gone['still running']:.0f} jobs were"
        f" left running, and the process had {gone['MiB after']:.0f} MiB after {gone['MiB before']:.0f}"
        f" ({gone['MiB after'] / gone['MiB before'] - 1:+.1%}). Target: none, and within 5%.",
    ]
    if text is not None:
        over = text["first token, served"] - text["first token, engine"]
        lines += [
            "",
            "| default text model, clients | tokens/s | beside one client | first token, ms |",
            "| --- | --- | --- | --- |",
            *(f"| {n} | {text[n][0]:.0f} | {text[n][0] / text[1][0]:.1f} | {text[n][1]:.0f} |" for n in (1, 8, 32)),
            "",
            f"At one client the first token comes {over:+.1f} ms after the engine's own"
            f" ({text['first token, engine']:.0f} ms). Target: at most 15 ms.",
        ]
    return "\n".join([*lines, "", "<!-- end of server -->"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--leavers", type=int, default=10_000)
    parser.add_argument("--model", action="store_true", help="also measure the default text model")
    parser.add_argument("--page", type=Path, help="put the section into this page")
    arguments = parser.parse_args()
    section = told(cpu(arguments.requests), leavers(arguments.leavers), model() if arguments.model else None)
    print(section)
    if arguments.page:
        put(arguments.page, section)


if __name__ == "__main__":
    main()
