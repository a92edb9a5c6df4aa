"""Bodies and heads that are too large or too slow."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from aigc_sdk import Client

from .conftest import Serve, Served


@pytest.fixture
def small(client: Client, serve: Serve) -> Served:
    """A server with little patience."""
    return serve(client, max_body_bytes=4096, arrival_s=0.5, head_s=0.5)


def connected(served: Served) -> socket.socket:
    host, _, port = served.url.removeprefix("http://").removesuffix("/v1").partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def answer_of(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            found += part
    return found


def answer_until(connection: socket.socket, end: bytes) -> bytes:
    """What comes until ``end`` is in it; the connection stays."""
    found = b""
    while end not in found:
        found += connection.recv(65536)
    return found


HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def test_an_announced_body_that_is_too_large(small: Served) -> None:
    answer = httpx.post(f"{small.url}/completions", json={"prompt": "x" * 5000})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


def test_a_body_without_a_length_that_is_too_large(small: Served) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"prompt": "'
        for _ in range(10):
            yield b"x" * 1000

    answer = httpx.post(f"{small.url}/completions", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


def test_a_body_that_lies_about_its_length(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(HEAD + b"Content-Length: 4\r\nConnection: close\r\n\r\n" + b'{"prompt": "x"}')
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_body_that_comes_too_slowly(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(100):  # never a long pause, and still too slow as a whole
                connection.sendall(b" ")
                time.sleep(0.05)
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"body_too_slow" in answer


@pytest.mark.parametrize("begun", [b"", b"POST /v1/comp", HEAD])
def test_a_head_that_never_ends(small: Served, begun: bytes) -> None:
    with connected(small) as connection:
        connection.sendall(begun)
        assert answer_of(connection) == b""
    assert httpx.get(f"{small.url}/models").status_code == 200


def test_a_second_head_that_never_ends(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /v1/mod")
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 200")


def test_headers_that_are_too_large(small: Served) -> None:
    answer = httpx.get(f"{small.url}/models", headers={"X-Long": "x" * 30_000})
    assert answer.status_code == 200
    with connected(small) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * 100_000)
        assert answer_of(connection).startswith((b"HTTP/1.1 400", b""))
    assert httpx.get(f"{small.url}/models").status_code == 200


def test_who_waits_for_a_long_answer_is_not_taken_for_slow(small: Served) -> None:
    options = {"delay_ms": 400.0}
    answer = httpx.post(f"{small.url}/completions", json={"prompt": "a b c", "options": options}, timeout=60)
    assert answer.json()["choices"][0]["text"] == "a b c"


def test_heads_that_are_not_upgraded(small: Served) -> None:
    wish = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    ours, again = b'{"prompt": "from java"}', b'{"prompt": "again"}'
    with connected(small) as connection:
        # With a length, the body in pieces; then chunked, on the same connection.
        connection.sendall(HEAD + wish + b"Content-Length: %d\r\n\r\n" % len(ours) + ours[:5])
        time.sleep(0.1)
        connection.sendall(ours[5:])
        assert answer_until(connection, b"from java").startswith(b"HTTP/1.1 200")
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(again), again)
        connection.sendall(HEAD + wish + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert b'"text":"again"' in answer_until(connection, b"again")


def test_a_tunnel_is_refused(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n")
        assert answer_of(connection).startswith(b"HTTP/1.1 400")


def test_blank_lines_do_not_hold_a_connection(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        connection.recv(65536)
        until = time.monotonic() + 20
        with contextlib.suppress(OSError):
            while time.monotonic() < until:
                connection.sendall(b"\r\n")
                time.sleep(0.05)
        assert time.monotonic() < until
