"""``aigc serve`` as a process, to be killed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from .conftest import wait_until

_numbers = itertools.count()


class Process:
    """``aigc serve`` with the echo plugin."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._said = home / f"said-{next(_numbers)}"
        program = (
            "import sys; from aigc_sdk.testing import echo_registry; import aigc_sdk.engine.client as c;"
            "c.load_registry = echo_registry; from aigc_sdk.cli.main import main; main()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--port", "0", *arguments],
            env={**os.environ, "AIGC_HOME": str(home)},
            stderr=self._said.open("wb"),
        )
        wait_until(lambda: "\n" in self.said, 60)
        self.url = self.said.partition(" on ")[2].partition(";")[0]

    @property
    def said(self) -> str:
        """What it wrote to stderr."""
        return self._said.read_text()

    def signal(self, what: signal.Signals) -> None:
        self._process.send_signal(what)

    def ends(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(timeout=60)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def http(self) -> httpx.Client:
        """A plain HTTP client for it; paths begin after ``/v1``."""
        return httpx.Client(base_url=self.url, timeout=60)
