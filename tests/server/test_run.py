"""Where the server listens, and how it stops: the library's part, and ``aigc serve`` as a process."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aigc_sdk import Client
from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.server.run import check_host, prepare
from aigc_sdk.server.settings import ServerSettings

from .conftest import Serve, Served, running, wait_until
from .process import Process


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_others_are_not_let_in_without_keys(host: str) -> None:
    with pytest.raises(InvalidRequest, match="could use the models"):
        check_host(host, None)
    check_host(host, Path("keys.yaml"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_keys(host: str) -> None:
    check_host(host, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_pages_from_elsewhere_may_not_use_it_through_a_browser(served: Served, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{served.url}/models", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_host"


@pytest.mark.parametrize("headers", [{"Host": "localhost:1"}, {"Host": "[::1]"}, {"Origin": "http://localhost:3000"}])
def test_pages_of_this_machine_may(served: Served, headers: dict[str, str]) -> None:
    assert httpx.get(f"{served.url}/models", headers=headers).status_code == 200


def test_a_port_that_is_taken(client: Client, served: Served) -> None:
    port = int(served.url.split(":")[2].removesuffix("/v1"))
    with pytest.raises(InvalidRequest, match=f"cannot listen on 127.0.0.1 port {port}.*in use"):
        prepare(client, ServerSettings(port=port))


def test_two_servers_over_one_client(client: Client, serve: Serve) -> None:
    one, two = serve(client), serve(client)
    for served in (one, two):
        assert served.openai().models.retrieve("echo").id == "echo"


def test_what_runs_ends_before_the_server_does(client: Client) -> None:
    body = {"prompt": "w " * 100, "stream": True, "options": {"delay_ms": 10.0}}
    found: list[str] = []
    begun = threading.Event()

    def read(url: str) -> None:
        with httpx.stream("POST", f"{url}/completions", json=body, timeout=60) as answer:
            for line in answer.iter_lines():
                found.append(line)
                begun.set()

    with running(client, drain_s=30) as served:
        reader = threading.Thread(target=read, args=[served.url])
        reader.start()
        assert begun.wait(30)
    reader.join(30)
    assert [line for line in found if line][-1] == "data: [DONE]"


def test_what_takes_too_long_is_stopped_and_told(client: Client) -> None:
    body = {"prompt": "w " * 5000, "stream": True, "options": {"delay_ms": 10.0}}
    begun = threading.Event()

    lines: list[str] = []

    def read(url: str) -> None:
        with httpx.stream("POST", f"{url}/completions", json=body, timeout=60) as answer:
            for line in answer.iter_lines():
                lines.append(line)
                begun.set()

    with running(client, drain_s=0.5) as served:
        reader = threading.Thread(target=read, args=[served.url])
        reader.start()
        assert begun.wait(30)
    reader.join(30)
    assert '"code":"draining"' in [line for line in lines if line][-1]
    (resident,) = client.engine.residents.loaded()
    wait_until(lambda: resident.pending == 0)


def test_while_it_stops_it_takes_nothing_new(served: Served) -> None:
    root = served.url.removesuffix("/v1")
    served.state.draining = True
    assert httpx.get(f"{root}/readyz").status_code == 503
    assert httpx.get(f"{root}/healthz").status_code == 200
    answer = httpx.post(f"{served.url}/completions", json={"prompt": "x"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "draining"
    assert answer.headers["retry-after"] == "5"


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    yield process
    process.stop()


@contextlib.contextmanager
def streamed(url: str, words: int) -> Iterator[Iterator[str]]:
    """The lines of a stream whose first one has come."""
    body = {"prompt": "w " * words, "stream": True, "options": {"delay_ms": 20.0}}
    with httpx.stream("POST", f"{url}/completions", json=body, timeout=60) as answer:
        lines = answer.iter_lines()
        next(lines)
        yield lines


@pytest.mark.parametrize("what", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_stream_end_and_is_no_failure(process: Process, what: signal.Signals) -> None:
    with streamed(process.url, 60) as lines:
        process.signal(what)
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]"
    assert len(rest) >= 60
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{process.url}/models")
    assert process.ends() == 0
    assert "Traceback" not in process.said


def test_a_second_ctrl_c_ends_the_streams_too(process: Process) -> None:
    with streamed(process.url, 5000) as lines:
        process.signal(signal.SIGINT)
        for _ in range(20):
            next(lines)
        process.signal(signal.SIGINT)
        assert '"code":"draining"' in [line for line in lines if line][-1]
    assert process.ends() == 0
    assert "Traceback" not in process.said


def test_it_refuses_to_be_open_to_all(tmp_path: Path) -> None:
    process = Process(tmp_path, "--host", "0.0.0.0")
    assert process.ends() == 2
    assert "everybody who can reach this machine could use the models" in process.said
    assert "--api-key-file" in process.said
