"""Runs the server: where it listens, how it stops."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from .. import uvicorn_server
from ..engine.client import Client
from ..uvicorn_server import StoppableServer, address, listen
from .app import create_app
from .gate import ThisMachineOnly
from .protocol import Protocol
from .settings import ServerSettings
from .state import ServerState

_FAREWELL_S = 5
"""How long clients have to read why their jobs were stopped."""


def check_host(host: str, keys: Path | None) -> None:
    """Raises InvalidRequest for an address that others can reach, if no key is asked for."""
    uvicorn_server.check_host(host, guarded=keys is not None, fix="give --api-key-file keys.yaml")


def serve(client: Client, settings: ServerSettings, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; then no request is taken any more, and those that run end first.

    A second SIGINT stops those that run, too, as they are after ``settings.drain_s``: their clients are told.

    Args:
        on_ready: called with the address once connections are taken.

    Raises:
        InvalidRequest: the address cannot be listened on, or is not safe.
    """
    server, listening = prepare(client, settings)
    on_ready(f"{address(listening)}/v1")
    server.run(sockets=[listening])


def prepare(client: Client, settings: ServerSettings) -> tuple[Server, socket.socket]:
    """The server and the socket it is to serve; connections to it are queued already. Raises as :func:`serve`."""
    check_host(settings.host, settings.api_key_file)
    app = create_app(client, settings)
    if settings.api_key_file is None:
        app.add_middleware(ThisMachineOnly)
    Protocol.head_s, Protocol.most = settings.head_s, settings.max_connections
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(settings.drain_s) + _FAREWELL_S,
    )
    return Server(config, app.state.aigc), listen(settings.host, settings.port, backlog=2048)


class Server(StoppableServer):
    """Lets what runs end, for as long as the settings say."""

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config)
        self.state = state
        self._stopped = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes no more requests. At a second Ctrl-C jobs are stopped, at a third nothing is waited for."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = self._stopped
            self._stopped = True
            # Not here: what runs was interrupted anywhere, and may hold a lock that stopping a job takes.
            asyncio.get_running_loop().call_soon_threadsafe(self.state.stop_jobs)
        self.should_exit = self.state.draining = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Waits for what runs; stops it when it takes too long."""
        self.state.draining = True
        clock = asyncio.get_running_loop().call_later(self.state.settings.drain_s, self.state.stop_jobs)
        # At once: connections that follow jobs are open until these have ended or are back in the queue.
        jobs = asyncio.create_task(self.state.drain_jobs())
        try:
            await super().shutdown(sockets)
        finally:
            clock.cancel()
            jobs.cancel()
