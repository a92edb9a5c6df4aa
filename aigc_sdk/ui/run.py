"""Runs the playground: where it listens, how it stops."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from .. import uvicorn_server
from ..engine.client import Client
from ..uvicorn_server import StoppableServer, address, listen
from .app import App
from .settings import UiSettings

_FAREWELL_S = 2
"""How long open pages have to hear that it is over."""
_MOST_CONNECTIONS = 500


def check_host(host: str, users: Path | None) -> None:
    """Raises InvalidRequest for an address that others can reach, if nobody has to sign in."""
    uvicorn_server.check_host(host, guarded=users is not None, fix="give --auth-file users.yaml")


def serve(client: Client, settings: UiSettings, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; what runs is cancelled then.

    Args:
        on_ready: called with the address once connections are taken.

    Raises:
        InvalidRequest: the address cannot be listened on, or is not safe; the file of users is none.
    """
    with prepared(client, settings) as (server, listening):
        on_ready(address(listening))
        server.run(sockets=[listening])


@contextlib.contextmanager
def prepared(client: Client, settings: UiSettings) -> Iterator[tuple[Server, socket.socket]]:
    """The server and the socket it is to serve; connections to it are queued already. Raises as :func:`serve`."""
    check_host(settings.host, settings.auth_file)
    with listen(settings.host, settings.port, backlog=512) as listening:
        app = App(client, settings)
        try:
            yield Server(app), listening
        finally:
            app.close()


class Server(StoppableServer):
    """Serves the pages. At a second Ctrl-C open ones are not waited for."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app.asgi,
                ws="none",
                log_config=None,
                log_level=logging.CRITICAL,  # it would tell of pages that are still open when it stops
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_FAREWELL_S,
                limit_concurrency=_MOST_CONNECTIONS,
            )
        )
        self.app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cancels what runs, and tells the pages."""
        self.app.leave()
        await super().shutdown(sockets)
