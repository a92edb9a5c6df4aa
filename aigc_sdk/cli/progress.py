"""Progress on stderr, for people: nothing moves where stderr is not a terminal."""

from __future__ import annotations

import sys
import threading
from typing import Any

import click


class Status:
    """A line with a spinner, and a bar where the end is known; it vanishes when the work is done or output begins.

    rich is imported when there is something to show, so a command that fails early, or is piped, never pays for it.
    May be called from any thread.
    """

    def __init__(self) -> None:
        self._shows = sys.stderr is not None and sys.stderr.isatty()
        self._lock = threading.Lock()
        self._bars: Any = None
        self._task: Any = None
        self._kind: tuple[str, bool] | None = None

    def show(self, what: str, step: float = 0, of: float | None = None) -> None:
        """Shows ``what``, and how much of it is done. A new ``what`` starts a new bar."""
        if not self._shows:
            return
        with self._lock:
            kind = (what, of is None)
            if self._bars is None or kind != self._kind:
                self._stop()
                self._bars, self._kind = _bars(endless=of is None), kind
                self._task = self._bars.add_task(what, total=of)
                self._bars.start()
            self._bars.update(self._task, total=of, completed=step)

    def note(self, text: str) -> None:
        """A line that stays, above the bar if there is one."""
        with self._lock:
            if self._bars is None:
                click.echo(text, err=True)
            else:
                self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Takes the line away for good: what still runs in another thread shows nothing any more."""
        with self._lock:
            self._shows = False
            self._stop()

    def clear(self) -> None:
        """Takes the line away."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


class PullProgress:
    """Shows the store's pulls on a :class:`Status` (a :class:`~aigc_sdk.store.progress.ProgressSink`)."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._what = ""
        self._bytes = 0
        self._total = 0

    def start(self, what: str, total_bytes: int) -> None:
        self._what, self._bytes, self._total = what, 0, total_bytes
        self._show()

    def advance(self, n: int) -> None:
        self._bytes += n
        self._show()

    def note(self, text: str) -> None:
        self._status.note(text)

    def done(self) -> None:
        self._status.clear()

    def _show(self) -> None:
        # Megabytes, because the bar's own numbers are for people.
        self._status.show(self._what, self._bytes / 1e6, self._total / 1e6 or None)


def _bars(*, endless: bool) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    described = TextColumn("{task.description}", markup=False)
    bar = () if endless else (BarColumn(), TaskProgressColumn())
    columns = (SpinnerColumn(), described, *bar, TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
