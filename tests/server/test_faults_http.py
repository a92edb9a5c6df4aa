"""What comes over the wire broken: every refusal is in OpenAI's shape, and the server goes on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from aigc_sdk import Client

from .conftest import Serve, Served, wait_until
from .test_limits import HEAD, answer_of, connected


@pytest.fixture
def served(client: Client, serve: Serve) -> Served:
    return serve(client, head_s=5, arrival_s=5)


@pytest.fixture(autouse=True)
def _goes_on(served: Served) -> Iterator[None]:
    yield
    assert httpx.post(f"{served.url}/completions", json={"prompt": "still here"}).status_code == 200


def sent(served: Served, content: bytes) -> bytes:
    """What is answered until the server closes."""
    with connected(served) as connection:
        connection.sendall(content)
        return answer_of(connection)


def answers(raw: bytes) -> list[tuple[int, Any]]:
    """Status and JSON of each answer on a connection."""
    found = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
        length = int(fields["content-length"])
        assert fields["content-type"] == "application/json"
        found.append((int(head.split()[1]), json.loads(rest[:length])))
        raw = rest[length:]
    return found


def request(body: bytes, *, last: bool = True) -> bytes:
    head = HEAD + (b"Connection: close\r\n" if last else b"")
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


# --- heads --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that wants TLS
        b"GET /v1/mo\x00dels HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\x00b\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_no_http(served: Served, content: bytes) -> None:
    raw = sent(served, content)
    if raw:  # what may still become a request is waited for, and then hung up on
        (status, said), *_ = answers(raw)
        assert status == 400
        assert said["error"]["code"] in ("invalid_http", "invalid_json", "invalid_value", "http_error")


def test_a_head_of_64_kib_and_a_longer_one(served: Served) -> None:
    fitting = (
        b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Long: " + b"x" * 60_000 + b"\r\n\r\n"
    )
    assert answers(sent(served, fitting))[0][0] == 200
    with connected(served) as connection, contextlib.suppress(OSError):
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * 100_000)
        raw = answer_of(connection)
        assert b" 200 " not in raw
        assert not raw or answers(raw)[0][1]["error"]["code"] == "invalid_http"


def test_too_many_connections(client: Client, serve: Serve) -> None:
    few = serve(client, max_connections=2)
    with connected(few), connected(few):
        answer = httpx.get(f"{few.url}/models")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert answer.headers["connection"] == "close"
        assert answer.json()["error"]["code"] == "overloaded"

    def is_open_again() -> bool:
        return httpx.get(f"{few.url}/models").status_code == 200

    wait_until(is_open_again)


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": "\xff\xfe"}',
        b'{"prompt": "x\xc3"}',
        b"\x00",
        b'{"prompt": "x"}\x00',
        b'{"prompt": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"prompt": "x", "options": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
        b'{"prompt": "x", "temperature": 1e400}',
        b'{"prompt": "x", "seed": ' + b"1" * 100_000 + b"}",
    ],
)
def test_no_json(served: Served, body: bytes) -> None:
    (status, said), *_ = answers(sent(served, request(body)))
    assert status == 400
    assert said["error"]["type"] == "invalid_request_error"


def test_nul_and_other_control_characters_are_text_like_any_other(served: Served) -> None:
    words = "a\x00b \x01\x7f\u2028 \U0001f600"
    for stream in (False, True):
        answer = httpx.post(f"{served.url}/completions", json={"prompt": words, "stream": stream})
        assert answer.status_code == 200
    (choice,) = httpx.post(f"{served.url}/completions", json={"prompt": words, "echo": True}).json()["choices"]
    assert choice["text"].startswith(words)


@pytest.mark.parametrize("path", ["/v1/mod%00els", "/v1/models/%ff%fe", "/v1/models/a%0d%0ab", "/%2e%2e/%2e%2e/etc"])
def test_paths_with_odd_bytes(served: Served, path: str) -> None:
    answer = httpx.get(served.url.removesuffix("/v1") + path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("encoding", ["gzip", "nonsense"])
def test_a_body_that_is_packed_is_no_json(served: Served, encoding: str) -> None:
    import gzip

    answer = httpx.post(
        f"{served.url}/completions",
        content=gzip.compress(b'{"prompt": "x"}'),
        headers={"Content-Encoding": encoding, "Content-Type": "application/json"},
    )
    assert answer.status_code == 400


# --- several on one connection ------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    words = ["one", "two words", "three"]
    together = b"".join(request(json.dumps({"prompt": word}).encode(), last=False) for word in words)
    last = request(b'{"prompt": "last"}')
    got = answers(sent(served, together + last))
    assert [status for status, _ in got] == [200] * 4
    assert [said["choices"][0]["text"] for _, said in got] == [*words, "last"]


def test_a_refusal_does_not_spoil_what_comes_after_it(served: Served) -> None:
    bad = request(b'{"promt": "x"}', last=False)
    good = request(b'{"prompt": "good"}')
    (refused, _), (status, said) = answers(sent(served, bad + good))
    assert (refused, status) == (400, 200)
    assert said["choices"][0]["text"] == "good"


def test_who_asks_for_leave_to_send_gets_it(served: Served) -> None:
    body = b'{"prompt": "x"}'
    with connected(served) as connection:
        connection.sendall(HEAD + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_body_that_breaks_off_makes_no_job(served: Served) -> None:
    before = served.client.engine.residents.loaded()
    for _ in range(5):
        with connected(served) as connection:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n" + b'{"prompt": "x"')
    wait_until(lambda: "aigc_http_requests_in_flight 1.0" in httpx.get(served.url[:-3] + "/metrics").text)
    assert served.client.engine.residents.loaded() == before
