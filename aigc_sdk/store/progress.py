"""How a pull reports what it is doing, and how the bytes of somebody else's download are counted."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

_log = logging.getLogger("aigc_sdk.store")
_POLL_S = 0.2


class ProgressSink(Protocol):
    """Where a pull reports to. Calls come from one thread at a time, not always the same one."""

    def start(self, what: str, total_bytes: int) -> None:
        """A pull of ``total_bytes`` begins; 0 if the size is not known."""

    def advance(self, n: int) -> None:
        """``n`` more bytes have arrived."""

    def note(self, text: str) -> None:
        """One sentence that a person should see: a licence, a wait for another process, a file fetched again."""

    def done(self) -> None:
        """The pull that ``start`` announced has ended, well or badly."""


class LogSink:
    """The library's default: silent but for ``logging`` at INFO."""

    def start(self, what: str, total_bytes: int) -> None:
        _log.info("%s (%.0f MB)", what, total_bytes / 1e6)

    def advance(self, n: int) -> None:
        """Bytes are not logged."""

    def note(self, text: str) -> None:
        _log.info("%s", text)

    def done(self) -> None:
        """Ends are not logged."""


class Meter:
    """Turns "so many bytes are there by now" into a sink's ``advance``; never goes back, never passes the total."""

    def __init__(self, sink: ProgressSink, total: int) -> None:
        self._sink = sink
        self._total = total
        self._at = 0
        self._lock = threading.Lock()

    def reach(self, position: int) -> None:
        """Reports that ``position`` bytes of the total have been had."""
        with self._lock:
            if self._total:
                position = min(position, self._total)
            if position > self._at:
                self._sink.advance(position - self._at)
                self._at = position

    @contextmanager
    def watching(self, folder: Path, start: int, at_most: int) -> Iterator[None]:
        """While inside, counts what grows in ``folder`` as progress from ``start`` on, up to ``at_most`` bytes.

        An installer that runs as another process tells nothing about its bytes, but they can be seen arriving.
        """
        stop = threading.Event()

        def poll() -> None:
            while not stop.wait(_POLL_S):
                self.reach(start + min(_bytes_in(folder), at_most))

        watcher = threading.Thread(target=poll, name="aigc-store-progress", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


def _bytes_in(folder: Path) -> int:
    """Bytes in all files under ``folder``; files that vanish meanwhile count nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
