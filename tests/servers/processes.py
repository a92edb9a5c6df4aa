"""Starting programs so that none is left behind, waiting until they answer, and telling why they did not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

_GUARD = str(Path(__file__).with_name("guard.py"))
_TAIL_LINES = 40


class ServerError(RuntimeError):
    """A server could not be installed or started. Says what failed, with the end of the log."""


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def tail(log: Path) -> str:
    """The log's last lines, for an error."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"--- the end of {log}", *lines[-_TAIL_LINES:], "---"])


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 900,
) -> None:
    """Runs a program to its end; what it prints goes into ``log``. Raises ServerError where it fails or is too slow."""
    with program(command, log, cwd=cwd, env=env) as process:
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServerError(f"{command[0]} still ran after {seconds:.0f} s.\n{tail(log)}") from None
    if status:
        raise ServerError(f"{command[0]} failed with status {status}.\n{tail(log)}")


@contextmanager
def program(
    command: Sequence[str | Path], log: Path, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs while the block does; what it prints is added to ``log``.

    It and its children end with the block, and also with this process, however this one ends (see guard.py).
    ``env`` is added to the environment.
    """
    guarded = [sys.executable, "-I", "-S", _GUARD, *map(str, command)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            guarded,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop their servers in order.
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    process.terminate()  # Where a fork of ours still holds the pipe, its end would not be seen.
    process.wait()


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, *, name: str, seconds: float = 180
) -> None:
    """Returns when ``ready()`` is true. Raises ServerError with the log's end when the process ends or time is up."""
    until = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise ServerError(f"{name} ended with status {process.returncode} while starting.\n{tail(log)}")
        if time.monotonic() > until:
            raise ServerError(f"{name} did not answer within {seconds:.0f} s.\n{tail(log)}")
        time.sleep(0.1)


def answers(url: str) -> Callable[[], bool]:
    """A check for ``wait_until``: whether a GET of the address succeeds."""

    def ready() -> bool:
        try:
            return httpx.get(url, timeout=10, trust_env=False).is_success
        except httpx.TransportError:
            return False

    return ready
