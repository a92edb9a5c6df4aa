"""A small HTTP server for platforms that call the bot. TLS and the public name are a reverse proxy's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from aigc_sdk import Credentials, InvalidRequest

from .common import is_here

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MOST_BYTES = 2_000_000


class Webhook:
    """Where a platform's calls are received.

    Args:
        path: such as ``/slack/events``.

    Raises:
        InvalidRequest: the port is none.
    """

    def __init__(self, credentials: Credentials, path: str) -> None:
        self.host = credentials["host"]
        self.path = path
        if not credentials["port"].isdigit() or int(credentials["port"]) > 65535:
            name, port = credentials.target, credentials["port"]
            raise InvalidRequest(f"{name}: port {port!r} is none", fix="0 to 65535")
        self.port = int(credentials["port"])

    @property
    def here(self) -> bool:
        """Whether only this machine can call it."""
        return is_here(self.host)

    @contextlib.asynccontextmanager
    async def serving(self, handler: Handler, *routes: web.RouteDef) -> AsyncIterator[None]:
        """Receives calls while the block runs. ``port`` is then the one that is listened on, also where 0 was given.

        Raises:
            InvalidRequest: something else listens there.
        """
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes([web.post(self.path, handler), *routes])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self.host, self.port)
            try:
                await site.start()
            except OSError as error:
                place = f"{self.host}:{self.port}"
                raise InvalidRequest(f"cannot listen on {place}: {error.strerror}", fix="another port:") from None
            self.port = runner.addresses[0][1]
            yield
        finally:
            await runner.cleanup()


async def forever() -> None:
    """Waits until it is cancelled."""
    await asyncio.Event().wait()
