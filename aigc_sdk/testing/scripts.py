"""What the kit lets happen to a plugin while it works: a full batch, a stop, too little memory."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Literal

from ..engine.job import Job
from .watch import Run, Script, Seen

PATIENCE_S = 60.0
"""Longest that a script holds a runner; only a kit that is broken itself waits so long."""


class Hold(Script):
    """Holds the first ``run`` until it is let go, so that what is submitted meanwhile queues up behind it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._go = threading.Event()

    def at_start(self, run: Run) -> None:
        self.reached.set()
        self._go.wait(PATIENCE_S)

    def let_go(self) -> None:
        """Lets the run begin."""
        self._go.set()


class Stop(Script):
    """Stops one item at its first step; at its first look at ``context.cancelled`` if it makes no steps.

    Args:
        seed: of the item. steps: that it makes when nothing stops it. stop: returns once the job has ended.
    """

    def __init__(self, seed: int, steps: int, stop: Callable[[Job], object]) -> None:
        self._seed = seed
        self._steps = steps
        self._stop = stop
        self._job: Future[Job] = Future()

    def submitted(self, jobs: Sequence[Job]) -> None:
        self._job.set_result(next(job for job in jobs if job.request.seed == self._seed))

    def at_ask(self, seen: Seen) -> None:
        if not self._steps and seen.request.seed == self._seed:
            self._stop(self._job.result(PATIENCE_S))

    def at_step(self, seen: Seen) -> BaseException | None:
        if seen.steps == 1 and seen.request.seed == self._seed:
            self._stop(self._job.result(PATIENCE_S))
        return None


class ScriptedMemory(Script):
    """An accelerator whose memory runs out where the script says, with the errors that real ones raise.

    Args:
        where: ``load``: when the plugin's loader has got its files, or as it returns, if it asks for none.
            ``middle``: at an item's first step (or end, if it has no steps).
            ``end``: when an item is complete, after everything was paid for.
        times: how often; None is always.
        seed: of the item it happens to; None is any.
        stepless: the item makes no steps, so that its middle is its end.
    """

    def __init__(
        self,
        where: Literal["load", "middle", "end"],
        *,
        times: int | None = 1,
        seed: int | None = None,
        stepless: bool = False,
    ) -> None:
        self.happened = 0
        self._where = "end" if stepless and where == "middle" else where
        self._times = times
        self._seed = seed

    def _due(self, where: str, seen: Seen | None = None) -> bool:
        if where != self._where or (self._times is not None and self.happened >= self._times):
            return False
        if seen is not None and self._seed is not None and seen.request.seed != self._seed:
            return False
        self.happened += 1
        return True

    def at_files(self) -> None:
        if self._due("load"):
            raise out_of_memory(self.happened)

    def at_load(self) -> None:
        self.at_files()

    def at_step(self, seen: Seen) -> BaseException | None:
        return out_of_memory(self.happened) if self._due("middle", seen) else None

    def at_end(self, seen: Seen) -> BaseException | None:
        return out_of_memory(self.happened) if self._due("end", seen) else None


def out_of_memory(number: int) -> BaseException:
    """An error as the libraries raise it: torch's own class where torch is loaded, RuntimeError, MemoryError."""
    torch = sys.modules.get("torch")
    own = getattr(torch, "OutOfMemoryError", None)
    said = "CUDA out of memory. Tried to allocate 2.00 GiB (scripted by the aigc-sdk test kit)"
    kinds: list[BaseException] = [RuntimeError(said), MemoryError("scripted by the aigc-sdk test kit")]
    if own is not None:
        kinds.insert(0, own(said))
    return kinds[number % len(kinds)]
