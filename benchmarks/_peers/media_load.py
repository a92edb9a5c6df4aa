"""Pictures and speech over HTTP: one client, and four at once, which share batches."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

import httpx

from .charts import Chart
from .options import Figures, Options, attempted, row
from .servers import THREADS, Server, ours

TITLE = "Pictures and speech over HTTP"
IMAGES, SPEECH = "images", "speech"
AT_ONCE = 4
PICTURES = 8
STEPS = 20
SPOKEN = 8
_RATE = 24_000
"""Samples a second of `pcm`, of two bytes each."""
_TEXT = (
    "Number {n}. The library is open from nine in the morning until six in the evening, except on Sundays. When the"
    " rain stopped, the children ran outside to look for snails. She opened the letter, read it twice, and put it back."
)

Ask = Callable[[httpx.AsyncClient, int], Awaitable[Figures]]


def measure(options: Options) -> Figures:
    """Of each modality and number of clients."""
    counts = {IMAGES: (_picture, options.count(PICTURES)), SPEECH: (_speech, options.count(SPOKEN))}
    return {
        f"{what} {clients}": attempted(
            f"{what}, {clients} at once", partial(_measured, ask, clients, max(count, clients))
        )
        for what, (ask, count) in counts.items()
        for clients in (1, AT_ONCE)
    }


def _measured(ask: Ask, clients: int, count: int) -> Figures:
    with ours() as server:
        return asyncio.run(_load(server, ask, clients, count))


async def _load(server: Server, ask: Ask, clients: int, count: int) -> Figures:
    """Medians of what the requests found, and the seconds, also of CPU, that all took."""
    numbers = iter(range(count))
    found: list[Figures] = []
    async with httpx.AsyncClient(base_url=server.url, timeout=300) as client:
        await ask(client, count)  # loads the model

        async def one() -> None:
            found.extend([await ask(client, number) for number in numbers])

        cpu, began = server.cpu_s(), time.perf_counter()
        await asyncio.gather(*(one() for _ in range(clients)))
        seconds, cpu = time.perf_counter() - began, server.cpu_s() - cpu
    medians = {what: statistics.median(each[what] for each in found) for what in found[0]}
    sound = sum(each.get("sound", 0) for each in found)
    return {"seconds": seconds, "cpu": cpu, "requests": count, "of sound": sound, **medians}


async def _picture(client: httpx.AsyncClient, number: int) -> Figures:
    body = {"model": "default", "prompt": "red mug, 3d", "seed": number, "steps": STEPS}
    began = time.perf_counter()
    answer = await client.post("/v1/images/generations", json=body)
    answer.raise_for_status()
    return {"wait": time.perf_counter() - began}


async def _speech(client: httpx.AsyncClient, number: int) -> Figures:
    body = {"model": "default", "voice": "default", "input": _TEXT.format(n=number), "response_format": "pcm"}
    began, first, size = time.perf_counter(), 0.0, 0
    async with client.stream("POST", "/v1/audio/speech", json=body) as answer:
        answer.raise_for_status()
        async for piece in answer.aiter_raw():
            first = first or time.perf_counter() - began
            size += len(piece)
    return {"first": first * 1000, "sound": size / 2 / _RATE}


# --- telling ------------------------------------------------------------------------------------------------------


def told(figures: Figures) -> list[str]:
    """Two tables."""
    alone, shared = figures[f"{IMAGES} 1"], figures[f"{IMAGES} {AT_ONCE}"]
    one = _a_minute(alone) if "error" not in alone else None
    lines = [
        f"`aigc serve`, {THREADS} threads. Pictures: the packaged `pictograms-64` with {STEPS} steps, enlarged as"
        " it is by default; four at once share batches.",
        "",
        "| pictures | a minute | beside one client | a client waits, s | CPU of a picture, s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, found in (("one client", alone), (f"{AT_ONCE} clients", shared)):
        lines.append(
            row(
                name,
                found,
                lambda f: f"{_a_minute(f):.0f}",
                lambda f: f"{_a_minute(f) / one:.2f}" if one else "",
                lambda f: f"{f['wait']:.1f}",
                lambda f: f"{f['cpu'] / f['requests']:.2f}",
            )
        )
    lines += [
        "",
        "Speech: three sentences with the default voice, as `pcm` while it is spoken.",
        "",
        "| speech | first sound, ms | seconds of work per second of sound | of CPU |",
        "| --- | --- | --- | --- |",
    ]
    for clients in (1, AT_ONCE):
        found = figures[f"{SPEECH} {clients}"]
        name = "one client" if clients == 1 else f"{clients} clients"
        lines.append(
            row(
                name,
                found,
                lambda f: f"{f['first']:,.0f}",
                lambda f: f"{f['seconds'] / f['of sound']:.3f}",
                lambda f: f"{f['cpu'] / f['of sound']:.3f}",
            )
        )
    return lines


def _a_minute(found: Figures) -> float:
    return float(60 * found["requests"] / found["seconds"])


def charts(figures: Figures) -> list[Chart]:
    """None: four numbers need no picture."""
    return []
