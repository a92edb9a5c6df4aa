"""Runs the server: where it listens, how it stops."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from pathlib import Path

from ..contract.errors import InvalidRequest
from ..engine.client import Client
from .settings import ServerSettings

_LONGEST_HEAD = 64 * 1024
"""Bytes of a request's first line and headers."""


def check_host(host: str, keys: Path | None) -> None:
    """Raises InvalidRequest for an address that others can reach, if no key is asked for."""
    if keys is None and not is_this_machine(host):
        raise InvalidRequest(
            f"on {host} everybody who can reach this machine could use the models", fix="give --api-key-file keys.yaml"
        )


def is_this_machine(host: str) -> bool:
    """True for loopback addresses and ``localhost``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(client: Client, settings: ServerSettings, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; then no request is taken any more, and those that run end first.

    Args:
        on_ready: called with the address once connections are taken.

    Raises:
        InvalidRequest: the address cannot be listened on, or is not safe.
    """
    import uvicorn

    from .app import create_app

    check_host(settings.host, settings.api_key_file)
    app = create_app(client, settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=round(settings.drain_s),
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        limit_concurrency=settings.max_connections,
    )
    listening = _listen(settings)
    host, port = listening.getsockname()[:2]
    on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/v1")
    uvicorn.Server(config).run(sockets=[listening])


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        what = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        raise InvalidRequest(what, fix="another --port; 0 takes a free one") from None
