"""Local servers that speak a platform's wire format to its own official client. They prove the format and the mapping
of errors, not that the platform itself would take it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from aiohttp import web


@contextlib.asynccontextmanager
async def listening(*routes: web.RouteDef):
    """A server on loopback; yields its URL."""
    app = web.Application(client_max_size=100_000_000)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def until(wanted: Callable[[], Any]) -> Any:
    """Waits for something to become true, and returns it."""
    async with asyncio.timeout(20):
        while not (found := wanted()):
            await asyncio.sleep(0.02)
    return found


@contextlib.asynccontextmanager
async def running(bot):
    """The bot, from when it receives messages until the end of the block."""
    ready = asyncio.Event()
    task = asyncio.create_task(bot.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()
    try:
        yield bot
        await asyncio.wait_for(bot.idle(), 20)
    finally:
        task.cancel()
        await asyncio.wait({task})
