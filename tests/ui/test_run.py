"""Where the playground listens, and how it stops: the library's part, and ``aigc ui`` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from aigc_sdk import Client
from aigc_sdk.cli.main import cli
from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.ui.run import check_host, prepared
from aigc_sdk.ui.settings import UiSettings

from .conftest import running


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_others_are_not_let_in_without_users(host: str) -> None:
    with pytest.raises(InvalidRequest, match="could use the models") as caught:
        check_host(host, None)
    assert "--auth-file" in str(caught.value)
    check_host(host, Path("users.yaml"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_needs_no_users(host: str) -> None:
    check_host(host, None)


def test_a_port_that_is_taken(client: Client) -> None:
    with running(client) as playground:
        port = int(playground.url.rpartition(":")[2])
        with (
            pytest.raises(InvalidRequest, match=f"cannot listen on 127.0.0.1 port {port}.*in use"),
            prepared(client, UiSettings(port=port)),
        ):
            pass


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.cli.ui.find_spec", lambda name: None)
    result = CliRunner().invoke(cli, ["ui"])
    assert result.exit_code == 4
    assert "pip install 'aigc-sdk[ui]'" in result.output


def test_the_command_refuses_other_addresses() -> None:
    result = CliRunner().invoke(cli, ["ui", "--host", "0.0.0.0"])
    assert result.exit_code == 2
    assert "give --auth-file" in result.output


def test_help_does_not_load_gradio() -> None:
    code = (
        "import sys; from aigc_sdk.cli.main import cli\n"
        "for words in (['--help'], ['ui', '--help']):\n"
        "    cli(words, standalone_mode=False)\n"
        "assert not {'gradio', 'fastapi', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


PROGRAM = """
import socket, sys
connect, resolve = socket.socket.connect, socket.getaddrinfo
def watched_connect(self, address):
    if not str(address[0]).startswith("127."):
        print("connects to", address, file=sys.stderr)
    return connect(self, address)
def watched_resolve(host, *more, **others):
    if host not in ("127.0.0.1", "localhost"):
        print("resolves", host, file=sys.stderr)
    return resolve(host, *more, **others)
socket.socket.connect, socket.getaddrinfo = watched_connect, watched_resolve
from aigc_sdk.cli.main import main
main()
"""


def test_as_a_process(home: Path, tmp_path: Path) -> None:
    """It asks no other machine for anything, and ends well with a page open: nothing is said, nothing left behind."""
    command = [sys.executable, "-c", PROGRAM, "ui", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("open http://127.0.0.1:"), line
        url = line.split()[1]
        assert httpx.get(url, timeout=60).status_code == 200
        with httpx.stream("GET", f"{url}/gradio_api/heartbeat/abc", timeout=60) as page:
            next(page.iter_raw())
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert list(tmp_path.glob("aigc-ui-*")) == []
