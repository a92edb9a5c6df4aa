"""A job: one submitted request, its events and its result."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Literal

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, Cancelled, DeadlineExceeded
from ..contract.events import Completed, Event, Failed, Queued, Started
from ..contract.requests import Request
from .bell import bell_of

log = logging.getLogger(__name__)

State = Literal["queued", "running", "completed", "failed", "cancelled"]


def new_id() -> str:
    """A job id: milliseconds since 1970 and 40 random bits, in hex, so that ids sort by time."""
    return f"{int(time.time() * 1000):011x}{secrets.token_hex(5)}"


class Job:
    """One submitted request. All methods may be called from any thread.

    Attributes:
        id: unique, sorts by time of submission.
        request: as submitted. owner: who asks. priority: higher ones go first.
        timings: seconds spent in each phase so far.
        models: ids of the model that runs it, last, and of those whose jobs wait for it.
    """

    def __init__(self, request: Request, owner: str = "", priority: int = 0) -> None:
        self.id = new_id()
        self.request = request
        self.owner = owner
        self.priority = priority
        self.timings: dict[str, float] = {}
        self.models: tuple[str, ...] = ()
        self.submitted = time.perf_counter()
        self._events: list[Event] = [Queued(self.id)]
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._end_listeners: list[Callable[[], None]] = []
        self._at_end: list[Callable[[Event], None]] = []
        self._ending = False
        self._deadline: threading.Timer | None = None
        if request.deadline_s is not None:
            self._start_deadline(request.deadline_s)

    # --- for callers ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the job is now."""
        last = self._events[-1]
        if isinstance(last, Completed):
            return "completed"
        if isinstance(last, Failed):
            return "cancelled" if isinstance(last.error, Cancelled) else "failed"
        return "running" if any(isinstance(event, Started) for event in self._events[:3]) else "queued"

    @property
    def last(self) -> Event:
        """The latest event."""
        return self._events[-1]

    @property
    def so_far(self) -> list[Event]:
        """The events up to now."""
        return list(self._events)

    @property
    def done(self) -> bool:
        """True once the job has completed, failed or been cancelled."""
        return isinstance(self._events[-1], (Completed, Failed))

    def events(self) -> Iterator[Event]:
        """All events from the first on, as they come; ends after ``Completed`` or ``Failed``. Never raises."""
        seen = 0
        while True:
            with self._changed:
                while len(self._events) == seen:
                    self._changed.wait()
                fresh = self._events[seen:]
            yield from fresh
            seen += len(fresh)
            if isinstance(fresh[-1], (Completed, Failed)):
                return

    def result(self, timeout: float | None = None) -> Artifact:
        """Waits for the artifact.

        Raises:
            AigcError: what the job failed with. TimeoutError: not done after ``timeout`` seconds; the job goes on.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.done, timeout):
                raise TimeoutError(f"job {self.id} is not done after {timeout} s")
        return outcome(self._events[-1])

    def cancel(self) -> None:
        """Ends the job as cancelled, now; its model drops it within one step. Does nothing if it is done."""
        self.stop(Cancelled("the job was cancelled"))

    # --- for the engine ------------------------------------------------------------------------------------------

    def stop(self, why: AigcError) -> None:
        """Ends the job with an error, now, even if its plugin hangs; whatever comes later is ignored."""
        self.emit(Failed(why))

    def emit(self, event: Event) -> bool:
        """Adds an event. Returns False, and adds nothing, if the job has ended."""
        last = isinstance(event, (Completed, Failed))
        with self._changed:
            if self._ending:
                return False
            self._ending = last
        try:
            if last:
                self._end(event)
        finally:  # even if what follows the end wants to end the program: somebody waits for this job
            with self._changed:
                self._events.append(event)
                self._changed.notify_all()
                listeners = [*self._listeners, *(self._end_listeners if last else ())]
            for wake in listeners:
                wake()
        return True

    def on_end(self, call: Callable[[Event], None]) -> None:
        """Calls ``call`` once with the last event, before anyone who waits sees it (now, if the job is done)."""
        with self._changed:
            if not self._ending:
                self._at_end.append(call)
                return
            self._changed.wait_for(lambda: self.done)
        call(self.last)

    def _end(self, event: Event) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        for call in self._at_end:
            try:
                call(event)
            except (Exception, SystemExit):
                log.exception("job %s: what was to follow its end failed", self.id)

    def listen(self, wake: Callable[[], None], *, only_end: bool = False) -> Callable[[], None]:
        """Calls ``wake`` after every further event, or after the last one, until the function returned is called."""
        listeners = self._end_listeners if only_end else self._listeners
        with self._changed:
            listeners.append(wake)
        return lambda: listeners.remove(wake)

    def _start_deadline(self, seconds: float) -> None:
        error = DeadlineExceeded(f"the job did not finish within {seconds:g} s", fix="raise deadline_s")
        self._deadline = threading.Timer(seconds, self.stop, [error])
        self._deadline.daemon = True
        self._deadline.start()


def outcome(last: Event) -> Artifact:
    """The artifact of a job's last event. Raises the error if it failed."""
    if isinstance(last, Failed):
        raise last.error
    assert isinstance(last, Completed)
    return last.artifact


class AsyncJob:
    """The asyncio face of a :class:`Job`."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @property
    def id(self) -> str:
        return self.job.id

    @property
    def state(self) -> State:
        return self.job.state

    async def events(self) -> AsyncGenerator[Event, None]:
        """As :meth:`Job.events`."""
        job, bell = self.job, bell_of(asyncio.get_running_loop())
        wake = asyncio.Event()
        forget = job.listen(lambda: bell.ring(wake.set))
        try:
            seen = 0
            while True:
                wake.clear()
                fresh = job._events[seen:]
                for event in fresh:
                    yield event
                seen += len(fresh)
                if fresh and isinstance(fresh[-1], (Completed, Failed)):
                    return
                if len(job._events) == seen:
                    await wake.wait()
        finally:
            forget()

    async def result(self) -> Artifact:
        """As :meth:`Job.result`. Cancelling the awaiting task leaves the job alone."""
        await ended([self.job])
        return outcome(self.job.last)

    async def cancel(self) -> None:
        """As :meth:`Job.cancel`, and waits until the job has ended."""
        self.job.cancel()
        await ended([self.job])


async def ended(jobs: Sequence[Job]) -> None:
    """Returns when all jobs have completed, or one has failed. The event loop is woken once, whatever the jobs emit."""

    def over() -> bool:
        return all(job.done for job in jobs) or any(isinstance(job.last, Failed) for job in jobs)

    loop = asyncio.get_running_loop()
    bell, end = bell_of(loop), loop.create_future()

    def look() -> None:
        if not end.done():
            end.set_result(None)

    forget = [job.listen(lambda: bell.ring(look) if over() else None, only_end=True) for job in jobs]
    try:
        if not over():
            await end
    finally:
        for stop in forget:
            stop()
