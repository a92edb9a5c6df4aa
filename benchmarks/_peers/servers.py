"""Starts a server in processes of its own, waits until it answers, and stops all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from .installs import DidNotStart

START_S = 180
"""How long a server may take until it answers."""
THREADS = 2
PORT = "{port}"
"""Stands for the port in a command."""
AIGC = str(Path(sys.executable).with_name("aigc"))


@dataclass(frozen=True)
class Server:
    """One that answers. ``url``: without a slash at the end."""

    url: str
    process: psutil.Process

    def all(self) -> list[psutil.Process]:
        """Its processes."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_s(self) -> float:
        """Seconds of CPU that they have taken so far."""
        times = [process.cpu_times() for process in self.all()]
        return sum(each.user + each.system for each in times)


@contextlib.contextmanager
def started(command: Sequence[str], ready: str, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """A server on a free port.

    Args:
        command: with :data:`PORT` where the port goes. ready: the path that answers 200 once it can be asked.

    Raises:
        DidNotStart: if it ends, or does not answer in time.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w+b") as log:
        process = subprocess.Popen(
            [word.replace(PORT, str(port)) for word in command],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True,
            env={**os.environ, **threads, **(environment or {})},
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url + ready, process, Path(folder, "log"))
            yield Server(url, psutil.Process(process.pid))
        finally:
            _stop(process)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            lines = log.read_text("utf-8", "replace").strip().splitlines() or [f"exit code {process.returncode}"]
            raise DidNotStart(f"did not start: {lines[-1].strip()[:200]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, timeout=5).is_success:
                return
        time.sleep(0.1)
    raise DidNotStart(f"did not start: no answer after {START_S} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it and all that it started; whatever does not go in time is killed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def ours(*preload: str) -> Iterator[Server]:
    """`aigc serve` as it is, but with a ledger of its own, so that the user's is left alone."""
    from aigc_sdk.settings import home

    with tempfile.TemporaryDirectory() as own:
        Path(own, "store").symlink_to(home() / "store")
        words = [word for model in preload for word in ("--preload", model)]
        with started([AIGC, "serve", "--port", PORT, *words], "/v1/models", {"AIGC_HOME": own}) as server:
            yield server
