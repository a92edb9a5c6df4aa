"""A small HTTP server on loopback, in threads: what the board and the fault proxy are."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Loopback(ThreadingHTTPServer):
    """Serves on a free port from :meth:`start` to :meth:`stop`.

    Attributes:
        owner: whose requests the handler answers; the handler finds it as ``self.server.owner``.
    """

    daemon_threads = True
    block_on_close = False  # a client may still hold an idle connection

    def __init__(self, handler: type[BaseHTTPRequestHandler], owner: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.owner = owner

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is nothing to report."""

    def start(self) -> None:
        """In a thread of its own."""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Frees the port."""
        self.shutdown()
        self.server_close()


class Quiet(BaseHTTPRequestHandler):
    """Keeps connections open, and prints nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Loopback

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""
