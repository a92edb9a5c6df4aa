"""``aigc`` as a program of its own, in pipes and on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

COMMAND = [sys.executable, "-c", "from aigc_sdk.cli.main import main; main()"]
PATIENCE_S = 30.0


class Program:
    """Runs ``aigc`` in pipes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *arguments: str, input: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=input,
            capture_output=True,
            cwd=self._folder,
            env={**os.environ, **environment},
            timeout=PATIENCE_S,
        )


class Terminal:
    """``aigc`` on a pseudo-terminal: what a person sees, and the keys that a person presses."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", **environment},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self._seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)

    def wait_for(self, text: str) -> str:
        """Reads until ``text`` was shown; returns all that was shown so far, without escape sequences."""
        until = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            if time.monotonic() > until or not self._read(until):
                raise AssertionError(f"{text!r} was not shown; this was: {self.shown!r}")
        return self.shown

    def press(self, keys: str) -> None:
        """Types. ``\\x03`` is Ctrl-C, ``\\x04`` is Ctrl-D."""
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Reads to the end and returns the exit code."""
        until = time.monotonic() + PATIENCE_S
        while self._read(until):
            pass
        return self._process.wait(timeout=PATIENCE_S)

    @property
    def shown(self) -> str:
        """What the screen shows: lines that were erased (a progress bar) are gone, and so are colours."""
        plain = re.sub(r"\x1b\[[0-9;]*m|\x1b\[\?[0-9]+[hl]|\r", "", self._seen)
        kept = re.sub(r"[^\n]*\n\x1b\[1A\x1b\[2K", "", plain)
        return "\n".join(line.rpartition("\x1b[2K")[2] for line in kept.split("\n"))

    def _read(self, until: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, until - time.monotonic()))
        try:
            data = os.read(self._ours, 65536) if ready else b""
        except OSError:  # Linux says so where the last program on the terminal has ended
            return False
        self._seen += data.decode("utf-8", "replace")
        return bool(data)


def _take_terminal() -> None:
    """Makes the pseudo-terminal the child's own, so that Ctrl-C typed there reaches it as a signal."""
    import fcntl
    import signal
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell ignores it for what it runs in the background
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
