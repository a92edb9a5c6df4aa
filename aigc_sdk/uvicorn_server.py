"""What all web servers of ours do alike: where they listen, and how they take the signals that stop them."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType

import uvicorn

from .contract.errors import InvalidRequest
from .contract.web_address import is_this_machine


class StoppableServer(uvicorn.Server):
    """Stops on SIGINT and SIGTERM like uvicorn's, but then returns: to be stopped is no failure."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops. At a second Ctrl-C nothing is waited for."""
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


def check_host(host: str, guarded: bool, fix: str) -> None:
    """Raises InvalidRequest, with what to do, for an address that others can reach unless it is guarded."""
    if not guarded and not is_this_machine(host):
        raise InvalidRequest(f"on {host} everybody who can reach this machine could use the models", fix=fix)


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A socket that queues connections from now on. Raises InvalidRequest if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        what = f"cannot listen on {host} port {port}: {error.strerror}"
        raise InvalidRequest(what, fix="another --port; 0 takes a free one") from None


def address(listening: socket.socket) -> str:
    """Where it is, as browsers write it."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
