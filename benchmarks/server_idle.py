"""What clients that follow durable jobs and hear nothing cost: memory and CPU of a thousand idle SSE connections.

    python benchmarks/server_idle.py [--clients 1000] [--seconds 60] [--page docs/benchmarks.md]

`aigc serve` runs one long job on the echo plugin, with its queue in SQLite; the clients follow its events. Memory is
the private memory (USS) of the server's process before the first client came, and with all of them; then every client
is told that the job was cancelled.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
from _page import put
from server import ECHO, SERVE, cpu_ms, process

JOB = {"modality": "text", "prompt": "w " * 100_000, "options": {"delay_ms": 1000.0}}
BEGIN, END = "### Clients that wait for durable jobs", "<!-- end of clients that wait -->"
TEXT = """```text
python benchmarks/server_idle.py
```

A thousand clients follow a job by server-sent events and hear nothing but comments; then it is cancelled, and all are
told. Target: less than 150 MB."""
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def follow(url: str, id: str) -> Client:
    """A connection that has heard that the job began."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"GET /v1/jobs/{id}/events HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    await reader.readuntil(b"event: started")
    return reader, writer


async def last_of(client: Client) -> float:
    """When the last event came."""
    await client[0].readuntil(b"event: cancelled")
    when = time.perf_counter()
    client[1].close()
    return when


async def measured(url: str, server: psutil.Process, clients: int, seconds: float) -> dict[str, float]:
    """MiB that the clients added, CPU while they wait, and how long it takes to tell them all."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        id = (await http.post("/jobs", json=JOB)).json()["id"]
        for _ in range(20):  # what the first ones load stays for all
            (await follow(url, id))[1].close()
        await asyncio.sleep(2)
        before = server.memory_full_info().uss
        open_clients = [await follow(url, id) for _ in range(clients)]
        await asyncio.sleep(2)
        cpu = cpu_ms(server)
        await asyncio.sleep(seconds)  # with its comments every 15 s
        idle = (cpu_ms(server) - cpu) / 1000 / seconds
        added = (server.memory_full_info().uss - before) / 2**20
        lasts = [asyncio.create_task(last_of(client)) for client in open_clients]
        began = time.perf_counter()
        await http.post(f"/jobs/{id}/cancel")
        told = [when - began for when in await asyncio.gather(*lasts)]
    return {"MiB": added, "cpu": idle, "median": statistics.median(told), "last": max(told)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        os.environ["AIGC_HOME"] = home
        url, server = stack.enter_context(process(ECHO + SERVE, "serve", "--port", "PORT", "--drain", "0"))
        found = asyncio.run(measured(url, server, arguments.clients, arguments.seconds))
    rows = [
        f"| clients that follow a job | {arguments.clients:,} |",
        f"| memory that they add | {found['MiB']:.0f} MiB ({found['MiB'] * 1024 / arguments.clients:.0f} KiB each) |",
        f"| CPU while nothing happens | {found['cpu'] * 100:.1f}% of a core |",
        f"| the event reaches half of them, and all, after | {found['median']:.2f} s, {found['last']:.2f} s |",
    ]
    lines = [BEGIN, "", TEXT, "", "| clients that wait | |", "| --- | --- |", *rows, "", END]
    print("\n".join(lines))
    if arguments.page:
        put(arguments.page, "\n".join(lines))


if __name__ == "__main__":
    main()
