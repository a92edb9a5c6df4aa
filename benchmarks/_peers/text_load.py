"""Streamed chat over HTTP: ours, llama.cpp's own server and `transformers serve`, the same model, the same prompts."""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from . import default_model
from .charts import Chart
from .clients import LIMIT_S, Answer, Load, load
from .options import Figures, Options, attempted, row
from .programs import SLOTS, transformers, xllamacpp
from .servers import THREADS, Server, ours
from .xinference import xinference

TITLE = "Text over HTTP"
MINE, LLAMA, SLOW = "`aigc serve`", "llama.cpp (xllamacpp)", "`transformers serve`"
CLIENTS = {1: 8, 8: 32, 32: 64}
"""Requests for each number of clients."""
TOKENS = 64
ROUNDS = 2
"""Of ours and llama.cpp's, in turns; the others, which take several times as long, have one."""
BUDGET_S = 15
"""No more requests are begun after this, so that a slow server takes minutes and not hours."""
PREFILL, COUNTED = "prefill", "counted"

Start = Callable[[], AbstractContextManager[Server]]


def measure(options: Options) -> Figures:
    """Figures of each server at each number of clients; the bare engine's prefill; how tokens are counted."""
    contenders: dict[str, tuple[int, Callable[[], tuple[Start, dict[str, object]]]]] = {
        MINE: (1 if options.quick else ROUNDS, _ours),
        LLAMA: (1 if options.quick else ROUNDS, partial(_llama, options)),
        SLOW: (1, partial(_transformers, options)),
    }
    if options.xinference:
        contenders["Xinference"] = (1, partial(_xinference, options))
    loads: dict[str, dict[int, list[Load]]] = {name: {n: [] for n in CLIENTS} for name in contenders}
    figures: Figures = {}
    bare: list[float] = []
    prompts = [prompt(n) for n in range(options.count(CLIENTS[1]))]
    for turn in range(ROUNDS):
        if turn < contenders[MINE][0]:
            figures[PREFILL] = attempted(PREFILL, partial(_prefilled, bare, prompts))
        for name, (rounds, prepared) in contenders.items():
            if turn < rounds and "error" not in figures.get(name, {}):
                figures[name] = attempted(name, partial(_round, prepared, loads[name], options))
    for name, taken in loads.items():
        if "error" not in figures[name]:
            late = {"error": f"not done after {LIMIT_S} s"}
            figures[name] = {str(n): _together(each).figures() if each else late for n, each in taken.items()}
            figures[name][COUNTED] = _counted(_together([each for some in taken.values() for each in some]).answers)
    return figures


def _prefilled(bare: list[float], prompts: list[str]) -> Figures:
    bare.extend(default_model.prefill_ms(prompts))
    return {"p50": statistics.median(bare)}


def prompt(number: int) -> str:
    """Different from the first word on, so that no server knows it from the last one."""
    return f"{number} potters live in a town. Write a long story about them, their children and their dogs."


def bodies(clients: int, count: int, extra: dict[str, object]) -> list[dict[str, object]]:
    """Requests that were not made before at another number of clients."""
    fixed = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": TOKENS, "temperature": 0}
    first = 0 if clients == 1 else 1000 * clients
    turns = ([{"role": "user", "content": prompt(first + n)}] for n in range(count))
    return [{"model": "default", "messages": messages, **fixed, **extra} for messages in turns]


def _round(
    prepared: Callable[[], tuple[Start, dict[str, object]]], taken: dict[int, list[Load]], options: Options
) -> Figures:
    """Starts a server, asks it for a word so that all is loaded, then loads it."""
    start, extra = prepared()
    with start() as server:
        asyncio.run(load(server, bodies(99, 2, extra | {"max_tokens": 8}), 1))
        for clients, count in CLIENTS.items():
            try:
                found = asyncio.run(load(server, bodies(clients, options.count(count), extra), clients, BUDGET_S))
            except TimeoutError:
                print(f"    {clients:2} clients: not done after {LIMIT_S} s", file=sys.stderr)
                break  # what it was asked for it may still be busy with
            taken[clients].append(found)
            speed = found.figures()
            print(
                f"    {clients:2} clients: {speed['tokens/s']:6.1f} tokens/s, first {speed['first p50']:.0f} ms",
                file=sys.stderr,
            )
    return {}


def _ours() -> tuple[Start, dict[str, object]]:
    # The guard ends an answer that repeats itself, which the others do not; all are to write as much.
    return partial(ours, "default"), {"options": {"repetition_guard": False}}


def _llama(options: Options) -> tuple[Start, dict[str, object]]:
    return partial(xllamacpp, options.cache, default_model.gguf()), {}


def _transformers(options: Options) -> tuple[Start, dict[str, object]]:
    folder = default_model.safetensors()
    return partial(transformers, options.cache, folder), {"model": str(folder)}


def _xinference(options: Options) -> tuple[Start, dict[str, object]]:
    template = (default_model.safetensors() / "chat_template.jinja").read_text("utf-8")
    return partial(xinference, options.cache, default_model.gguf(), template), {}


def _together(loads: list[Load]) -> Load:
    answers = [answer for each in loads for answer in each.answers]
    return Load(answers, sum(each.seconds for each in loads), sum(each.cpu_s for each in loads))


def _counted(answers: list[Answer]) -> float:
    """Tokens that the server says it wrote, for each token that the model's tokenizer finds in its text."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(default_model.safetensors() / "tokenizer.json"))
    found = sum(len(tokenizer.encode(answer.text, add_special_tokens=False).ids) for answer in answers)
    return sum(answer.tokens for answer in answers) / max(1, found)


# --- telling ------------------------------------------------------------------------------------------------------


def told(figures: Figures) -> list[str]:
    """A table for each number of clients, and the targets."""
    servers = {name: found for name, found in figures.items() if name != PREFILL}
    lines = [
        f"The default model over HTTP, streamed, greedy, {TOKENS} tokens an answer; each server alone with"
        f" {THREADS} threads, in turns; llama.cpp's with {SLOTS} slots on the same GGUF file, transformers on the"
        " bfloat16 weights made from it.",
    ]
    for clients in map(str, CLIENTS):
        people = "client" if clients == "1" else "clients"
        lines += [
            "",
            f"| {clients} {people} | tokens/s | ours beside it | requests/s | first token p50, ms | p95, ms |"
            " CPU of a token, ms |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        mine = servers[MINE].get(clients, {}).get("tokens/s")
        lines += [_line(name, found, clients, mine) for name, found in servers.items()]
    return [*lines, "", *_targets(servers, figures[PREFILL])]


def _line(name: str, found: Figures, clients: str, mine: float | None) -> str:
    def beside(each: Figures) -> str:
        return f"{mine / each['tokens/s']:.1f}" if mine else ""

    return row(
        name,
        found.get(clients, found),
        lambda f: f"{f['tokens/s']:.0f}",
        beside,
        lambda f: f"{f['requests/s']:.1f}",
        lambda f: f"{f['first p50']:,.0f}",
        lambda f: f"{f['first p95']:,.0f}",
        lambda f: f"{f['cpu']:.1f}",
    )


def _targets(servers: dict[str, Figures], prefill: Figures) -> list[str]:
    mine, llama = servers[MINE], servers[LLAMA]
    if any("error" in found for found in (mine, mine.get("1", mine), mine.get("8", mine))):
        return []
    eight, one = mine["8"], mine["1"]
    parts = [f"Eight clients get {eight['tokens/s'] / one['tokens/s']:.1f} times what one gets (target: 3)"]
    if "tokens/s" in llama.get("8", llama):
        parts.append(
            f"{eight['tokens/s'] / llama['8']['tokens/s']:.1f} times what llama.cpp's server gives eight (target: 2)"
        )
    told = ", ".join(parts) + "."
    if "error" not in prefill:
        added = one["first p50"] - prefill["p50"]
        told += f" At one client the first token comes {added:+.1f} ms after the bare prefill"
        told += f" ({prefill['p50']:.1f} ms; target: 15)."
    counted = ", ".join(f"{name} {found[COUNTED]:.3f}" for name, found in servers.items() if COUNTED in found)
    return [
        told,
        "",
        f"Tokens that a server reports, for each that the model's tokenizer finds in its answers: {counted}.",
    ]


def charts(figures: Figures) -> list[Chart]:
    servers = {name.strip("`"): found for name, found in figures.items() if name != PREFILL}
    found = []
    for what, name, title in (
        ("tokens/s", "peers-text", "Tokens a second (more is better)"),
        ("first p50", "peers-first-token", "First token, median ms (less is better)"),
    ):
        groups = {
            "1 client" if n == 1 else f"{n} clients": {
                name: each[str(n)][what] for name, each in servers.items() if what in each.get(str(n), {})
            }
            for n in CLIENTS
        }
        found.append(Chart(name, title, groups, mine=MINE.strip("`")))
    return found
