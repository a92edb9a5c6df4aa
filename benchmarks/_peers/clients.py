"""A thin client of streamed chat completions: what it takes of the processor, the servers do not have.

It keeps the bytes as they come and reads them when all is over; only the moment of the first words is looked for.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from .servers import Server

_WORDS = re.compile(rb'"content": ?"[^"]')
LIMIT_S = 300
"""Of all clients together."""


@dataclass(frozen=True)
class Answer:
    """One answer. ``tokens``: as the server counts them; ``first_ms``: until the first words came; ``text``: all."""

    tokens: int
    first_ms: float
    text: str


@dataclass(frozen=True)
class Load:
    """What a number of clients got together, in ``seconds``, for ``cpu_s`` seconds of the server's CPU."""

    answers: list[Answer]
    seconds: float
    cpu_s: float

    def figures(self) -> dict[str, float]:
        """Tokens and requests a second, milliseconds to the first words: median and 95th percentile, and of CPU."""
        firsts = sorted(answer.first_ms for answer in self.answers)
        tokens = sum(answer.tokens for answer in self.answers)
        return {
            "tokens/s": tokens / self.seconds,
            "cpu": self.cpu_s / tokens * 1000,
            "requests/s": len(self.answers) / self.seconds,
            "first p50": statistics.median(firsts),
            "first p95": firsts[min(len(firsts) - 1, int(0.95 * len(firsts)))],
            "tokens each": statistics.mean(answer.tokens for answer in self.answers),
        }


async def ask(url: str, body: dict[str, object]) -> Answer:
    """Streams one chat completion. Raises RuntimeError if it is refused or broken off."""
    address = urlsplit(url)
    payload = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
    )
    began, first, received = time.perf_counter(), 0.0, bytearray()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(head.encode() + payload)
        while piece := await reader.read(65536):
            received += piece
            if not first and _WORDS.search(received):
                first = (time.perf_counter() - began) * 1000
    finally:
        writer.close()
    return _read(bytes(received), first)


def _read(received: bytes, first_ms: float) -> Answer:
    if not received.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"refused: {received[:500]!r}")
    chunks = [json.loads(line[6:]) for line in received.splitlines() if line.startswith(b"data: {")]
    used = [chunk["usage"]["completion_tokens"] for chunk in chunks if chunk.get("usage")]
    if not used or not first_ms:
        raise RuntimeError(f"broken off: {received[-500:]!r}")
    pieces = (choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ()))
    return Answer(int(used[-1]), first_ms, "".join(pieces))


async def load(server: Server, bodies: Sequence[dict[str, object]], clients: int, budget_s: float = math.inf) -> Load:
    """Asks for all bodies; each of the clients asks for the next one as soon as it has its answer.

    Args:
        budget_s: what has not been asked for by then is left out; what has, is waited for.

    Raises:
        RuntimeError: an answer was refused or broken off. TimeoutError: the answers take too long.
    """
    waiting, answers = list(reversed(bodies)), list[Answer]()
    cpu, began = server.cpu_s(), time.perf_counter()

    async def client() -> None:
        first = True
        while waiting and (first or time.perf_counter() - began < budget_s):
            first = False
            answers.append(await ask(server.url, waiting.pop()))

    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(*(client() for _ in range(clients)))
    return Load(answers, time.perf_counter() - began, server.cpu_s() - cpu)
