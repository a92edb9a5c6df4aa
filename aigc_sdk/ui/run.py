"""Runs the playground: where it listens, how it stops."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from ..contract.errors import InvalidRequest
from ..contract.web_address import is_this_machine
from ..engine.client import Client
from .app import App
from .settings import UiSettings

_FAREWELL_S = 2
"""How long open pages have to hear that it is over."""
_MOST_CONNECTIONS = 500


def check_host(host: str, users: Path | None) -> None:
    """Raises InvalidRequest for an address that others can reach, if nobody has to sign in."""
    if users is None and not is_this_machine(host):
        raise InvalidRequest(
            f"on {host} everybody who can reach this machine could use the models", fix="give --auth-file users.yaml"
        )


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
    with _listen(settings) as listening:
        app = App(client, settings)
        try:
            yield Server(app), listening
        finally:
            app.close()


def address(listening: socket.socket) -> str:
    """Where the page is."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Server(uvicorn.Server):
    """Stops on SIGINT and SIGTERM like uvicorn's, but then returns: to be stopped is no failure."""

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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops. At a second Ctrl-C open pages are not waited for."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles the signals while it runs; uvicorn's own would send them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)


def _listen(settings: UiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        what = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        raise InvalidRequest(what, fix="another --port; 0 takes a free one") from None
