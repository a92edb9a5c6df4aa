"""A real server on loopback, in a thread, and OpenAI's own client to ask it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from aigc_sdk import Client
from aigc_sdk.settings import LedgerSettings, Settings

pytest.importorskip("fastapi")
pytest.importorskip("openai")


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs. ``url`` ends in ``/v1``; ``client`` does its work; ``state`` is what its routes share."""

    url: str
    client: Client
    state: Any

    def openai(self, key: str = "none", **options: Any) -> Any:
        """OpenAI's client for it, which tries once."""
        from openai import OpenAI

        return OpenAI(base_url=self.url, api_key=key, **{"max_retries": 0, "timeout": 120, **options})

    def http(self, key: str | None = None) -> Any:
        """A plain HTTP client for it; paths begin after ``/v1``."""
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120)


Serve = Callable[..., Served]


@contextlib.contextmanager
def running(client: Client, **settings: Any) -> Iterator[Served]:
    """Serves a client on a free port until the block ends."""
    from aigc_sdk.server.run import prepare
    from aigc_sdk.server.settings import ServerSettings

    server, listening = prepare(client, ServerSettings(**{"port": 0, "drain_s": 5, **settings}))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", client, server.state)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a client: ``serve(client, api_key_file=...)``."""
    with contextlib.ExitStack() as stack:
        yield lambda client, **settings: stack.enter_context(running(client, **settings))


@pytest.fixture
def served(client: Client, serve: Serve) -> Served:
    """A server that knows the echo plugin only."""
    return serve(client)


@pytest.fixture
def openai(served: Served) -> Any:
    """OpenAI's client for ``served``."""
    return served.openai()


@pytest.fixture(scope="module")
def packaged() -> Iterator[Served]:
    """A server with the installed plugins, for tests marked ``model``; it keeps its models for the whole module."""
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client, running(client) as served:
        yield served


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Waits for what another thread does; fails if it does not happen."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def media(serve: Serve) -> Iterator[Served]:
    """A server of small plugins for pictures, sound and clips; see ``makers``."""
    from .makers import Small, small_client

    with small_client() as client:
        yield serve(client)
        Small.go.set()


def leave_when(served: Served, path: str, body: dict[str, Any], true: Callable[[], object]) -> None:
    """Asks, and hangs up without an answer once ``true``."""
    import json
    import socket
    from urllib.parse import urlsplit

    content = json.dumps(body).encode()
    head = f"POST /v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(served.url).port or 0), timeout=30) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        wait_until(lambda: bool(true()))
