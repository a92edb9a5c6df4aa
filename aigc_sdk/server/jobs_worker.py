"""Runs the jobs of the queue: claims them, gives them to the engine, keeps what comes out. In the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..contract.errors import AigcError, MissingExtra, StoreError
from ..ledger.job_queue_rows import QueuedJob
from .jobs_calls import QueueCalls
from .jobs_run import JobRun, Outcome

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_BEAT_S = 2.0
_TAKE_OVER_S, _PATIENCE_S = 10.0, 30.0
"""How often to look for jobs of dead servers; how long a server of another machine may be silent."""
_SWEEP_S = 10.0
_MOST_DEATHS = 3
"""A job that so many servers died with is not tried again: it may be what kills them."""
_LONGEST_PAUSE_S = 5.0
_LAST_TRIES = 3
_FAREWELL_S = 10.0
"""Giving back may take so long; without its database, a server that stops leaves its jobs to the next one."""


@dataclass(slots=True, eq=False)
class _Held:
    """A job that runs here. ``lost``: it is not ours any more, and nothing of it is wanted."""

    run: JobRun
    task: asyncio.Task[None] | None = None
    lost: bool = False

    @property
    def job(self) -> QueuedJob:
        return self.run.job


@dataclass(slots=True)
class _Clock:
    """Says when something is due again."""

    every_s: float
    last: float = field(default=float("-inf"))

    def due(self) -> bool:
        now = time.monotonic()
        if now - self.last < self.every_s:
            return False
        self.last = now
        return True


class JobWorker:
    """Works for as long as its server runs. What it writes about a job is only taken while the job is its own.

    Args:
        runs: makes what runs a job. at_once: so many run at the same time.
        changed: is told the key of a job about which something was written; swept, what has expired.
    """

    def __init__(
        self,
        calls: QueueCalls,
        runs: Callable[[QueuedJob], JobRun],
        at_once: int,
        changed: Callable[[int], None],
        swept: Callable[[list[QueuedJob]], None],
    ) -> None:
        self._calls = calls
        self._queue = calls.queue
        self._runs = runs
        self._at_once = at_once
        self._changed = changed
        self._swept = swept
        self._held: dict[int, _Held] = {}
        self._news = asyncio.Event()
        self._draining = False
        self._turning = asyncio.Lock()
        self._beats, self._deaths, self._sweeps = _Clock(_BEAT_S), _Clock(_TAKE_OVER_S), _Clock(_SWEEP_S)

    def wake(self) -> None:
        """A job was queued, or one has ended."""
        self._news.set()

    def drop(self, key: int) -> None:
        """Ends a job that was cancelled or deleted, if it runs here."""
        if held := self._held.get(key):
            held.lost = True
            _cancel(held)

    # --- taking ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            try:
                async with self._turning:
                    await self._turn()
            except (StoreError, MissingExtra):
                pass  # the calls have said so in the log; what runs goes on
            except Exception:
                log.exception("the worker of jobs stumbled")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()
            self._news.clear()

    async def _turn(self) -> None:
        if self._held and self._beats.due():
            attempts = {key: held.job.attempt for key, held in self._held.items()}
            for key in await self._calls.write(self._queue.beat, attempts):
                if (held := self._held.get(key)) and held.job.attempt == attempts[key]:
                    self.drop(key)
        if self._draining:
            return
        if self._deaths.due():
            await self._calls.write(self._queue.take_over, max_attempts=_MOST_DEATHS, patience_s=_PATIENCE_S)
        if self._sweeps.due():
            await self._calls.write(self._queue.overdue)
            self._swept(await self._calls.write(self._queue.expire))
        if free := self._at_once - len(self._held):
            for job in await self._calls.write(self._queue.claim, free):
                self._begin(job)

    def _begin(self, job: QueuedJob) -> None:
        held = self._held[job.key] = _Held(self._runs(job))
        held.task = asyncio.create_task(self._hold(held))
        held.task.add_done_callback(lambda _: self._forget(held))
        self._changed(job.key)

    def _forget(self, held: _Held) -> None:
        if self._held.get(held.job.key) is held:
            del self._held[held.job.key]
        self._changed(held.job.key)
        self.wake()

    # --- holding --------------------------------------------------------------------------------------------------

    async def _hold(self, held: _Held) -> None:
        try:
            outcome = await held.run.outcome()
            await self._finish(held, outcome)
        except asyncio.CancelledError:
            await self._let_go(held)
        except Exception:
            log.exception("job %s", held.job.id)

    async def _finish(self, held: _Held, outcome: Outcome) -> None:
        """Writes how it ended, however long the database is gone; what was made is not lost."""
        pause = 0.2
        while True:
            try:
                ours = await self._calls.write(outcome.written, self._queue, held.job)
                break
            except (StoreError, MissingExtra):
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
        if not ours:
            await held.run.drop_results()

    async def _let_go(self, held: _Held) -> None:
        """Puts a job back into the queue; one that is not ours any more is only forgotten."""
        job = held.job
        for last in range(_LAST_TRIES):
            try:
                if held.lost or await self._calls.write(self._queue.give_back, job.key, job.attempt):
                    await held.run.drop_results()
                return
            except (AigcError, RuntimeError):  # also: the calls are closed
                await asyncio.sleep(0.1 * (last + 1))
        # A server that starts after us finds that we are dead, and takes it over.

    # --- ending ---------------------------------------------------------------------------------------------------

    async def drain(self, patience_s: float) -> None:
        """Takes no more. What runs may end; what has not begun, and what takes longer, goes back into the queue."""
        self._draining = True
        async with self._turning:  # what is being claimed at this moment is ours, too
            await asyncio.sleep(0)
        for held in list(self._held.values()):
            if not held.run.begun:
                _cancel(held)
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=patience_s)
        self.hand_back()
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=_FAREWELL_S)

    def hand_back(self) -> None:
        """What runs goes back into the queue, now."""
        for held in list(self._held.values()):
            _cancel(held)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [held.task for held in self._held.values() if held.task is not None]


def _cancel(held: _Held) -> None:
    # A second cancellation would break off the giving back.
    if held.task is not None and not held.task.cancelling():
        held.task.cancel()
