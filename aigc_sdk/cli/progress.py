"""Progress on stderr, for people: nothing is shown where stderr is not a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Status:
    """A line with a spinner, and a bar where the end is known; it vanishes when the work is done or output begins.

    rich is imported when there is something to show, so a command that fails early, or is piped, never pays for it.
    """

    def __init__(self) -> None:
        self._shows = sys.stderr is not None and sys.stderr.isatty()
        self._bars: Any = None
        self._task: Any = None
        self._what = ""

    def __enter__(self) -> Status:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, what: str, step: float | None = None, of: float | None = None) -> None:
        """Shows ``what``, and how much of it is done. A new ``what`` starts a new bar."""
        if not self._shows:
            return
        if self._bars is None:
            self._start()
        if what != self._what:
            self._bars.remove_task(self._task)
            self._task = self._bars.add_task(what, total=of)
            self._what = what
        self._bars.update(self._task, total=of, completed=step or 0)

    def clear(self) -> None:
        """Takes the line away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._task, self._what = None, None, ""

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task("", total=None)
        self._bars.start()
