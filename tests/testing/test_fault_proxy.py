"""The proxy does to a request what it says, and nothing to the others. The board behind it says what arrived."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from aigc_sdk.testing import Board
from aigc_sdk.testing.adapters.board import MOST_BYTES
from aigc_sdk.testing.adapters.proxy import RETRY_AFTER_S, FaultProxy


@pytest.fixture
def board() -> Iterator[Board]:
    with Board() as board:
        yield board


@pytest.fixture
def proxy(board: Board) -> Iterator[FaultProxy]:
    with FaultProxy(board.url) as proxy:
        yield proxy


@pytest.fixture
def client(board: Board, proxy: FaultProxy) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {board.token}"}
    with httpx.Client(base_url=proxy.url, headers=headers, timeout=10) as client:
        yield client


def write(client: httpx.Client, **arguments: Any) -> httpx.Response:
    return client.post("/files", params={"mark": "m1"}, **({"content": b"x" * 100_000} | arguments))


def test_what_passes_is_as_it_was_sent(client: httpx.Client, proxy: FaultProxy, board: Board) -> None:
    assert client.get("/me").json() == {"name": "me"}
    content = bytes(range(256)) * 3000
    made = write(client, content=content)
    assert (made.status_code, made.json()["sha256"]) == (201, sha256(content).hexdigest())
    assert client.get("/notes/7").status_code == 404
    assert client.delete(f"/files/{made.json()['id']}").status_code == 204
    assert board.items == {}
    seen = [(one.method, one.path, one.status) for one in proxy.passed]
    assert seen[1:3] == [("POST", "/files?mark=m1", 201), ("GET", "/notes/7", 404)]
    assert (proxy.writes(), proxy.writes(2)) == (2, 1)


@pytest.mark.parametrize(
    ("kind", "status", "stored"),
    [
        ("busy", 429, False),
        ("too-large", 413, False),
        ("page", 200, False),
        ("echo", 400, False),
        ("stored-500", 500, True),
    ],
)
def test_another_answer(
    client: httpx.Client, proxy: FaultProxy, board: Board, kind: Any, status: int, stored: bool
) -> None:
    with proxy.fault(kind) as fault:
        assert client.get("/me").status_code == 200
        assert not fault.struck.is_set()
        answer = write(client)
        assert fault.struck.is_set()
        assert write(client).status_code == 201
    assert answer.status_code == status
    assert len(board.items) == 1 + stored
    if kind == "busy":
        assert answer.headers["retry-after"] == str(RETRY_AFTER_S)
    if kind == "page":
        assert answer.headers["content-type"] == "text/html"
    if kind == "echo":
        assert f"Bearer {board.token}" in answer.json()["message"]


@pytest.mark.parametrize(("kind", "stored"), [("cut-before", 0), ("cut-inside", 0), ("cut-after", 1)])
def test_no_answer(client: httpx.Client, proxy: FaultProxy, board: Board, kind: Any, stored: int) -> None:
    with proxy.fault(kind, 2):
        write(client, content=b"first")
        with pytest.raises(httpx.TransportError):
            write(client)
    assert len(board.items) == 1 + stored
    assert write(client).status_code == 201


def test_a_request_that_hangs(client: httpx.Client, proxy: FaultProxy, board: Board) -> None:
    with proxy.fault("hang") as fault, pytest.raises(httpx.ReadTimeout):
        write(client, timeout=0.2)
    assert not fault.outlasted.is_set()
    with proxy.fault("hang", patience_s=0.1) as fault, pytest.raises(httpx.TransportError):
        write(client)
    assert fault.outlasted.is_set()
    assert len(board.items) == 2


def test_a_request_that_is_held(client: httpx.Client, proxy: FaultProxy, board: Board) -> None:
    with proxy.fault("hold") as fault:
        thread = threading.Thread(target=write, args=(client,))
        thread.start()
        assert fault.struck.wait(10)
        assert board.items == {}
        fault.release.set()
        thread.join()
    assert len(board.items) == 1


@pytest.mark.parametrize(("kind", "stored"), [("kill-before", 0), ("kill-after", 1)])
def test_whom_it_kills(client: httpx.Client, proxy: FaultProxy, board: Board, kind: Any, stored: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        with proxy.fault(kind) as fault:
            fault.victim.put(victim.pid)
            with pytest.raises(httpx.TransportError):
                write(client)
        assert victim.wait(10) == -9
    assert len(board.items) == stored


def test_every_request_may_meet_a_fault(client: httpx.Client, proxy: FaultProxy) -> None:
    with proxy.fault("page", 0):
        assert [client.get("/me").text, write(client).text] == ["<!doctype html><h1>Welcome to our network</h1>"] * 2
    assert client.get("/me").json()


def test_a_target_that_is_gone_is_no_answer() -> None:
    with Board() as board:
        url = board.url
    with FaultProxy(url) as proxy, pytest.raises(httpx.TransportError):
        httpx.get(f"{proxy.url}/me")


def test_the_board_refuses(client: httpx.Client, board: Board) -> None:
    assert httpx.get(f"{board.url}/me").status_code == 401
    assert write(client, content=b"x" * (MOST_BYTES + 1)).status_code == 413
    assert write(client, content=b"").status_code == 415
    note = client.post("/notes", json={"title": "a"}).json()
    path = f"/notes/{note['id']}"
    assert client.put(path, json={"title": "b"}, headers={"If-Match": "1"}).json()["version"] == 2
    assert client.put(path, json={"title": "c"}, headers={"If-Match": "1"}).status_code == 412
    assert client.get(path).json()["title"] == "b"
