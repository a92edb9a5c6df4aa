"""What all tabs share: the client, the results that are kept, and what runs for whom."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from ..contract.errors import AigcError, Cancelled, OverBudget, StoreError
from ..contract.requests import Request
from ..engine.client import Client
from ..engine.job import Job
from .runs import Item, Run, changes
from .settings import UiSettings
from .shelf import Shelf

log = logging.getLogger(__name__)

Build = Callable[[], Sequence[Request]]
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Visitor:
    """A page in somebody's browser. ``user`` is None where nobody signs in."""

    session: str
    user: str | None = None


@dataclass
class _Going:
    """A run that goes on. ``over``: nothing more shall be begun for it."""

    jobs: list[Job] = field(default_factory=list)
    over: bool = False


class Desk:
    """One playground."""

    def __init__(self, client: Client, shelf: Shelf, settings: UiSettings) -> None:
        self.client = client
        self.shelf = shelf
        self.settings = settings
        self._going: dict[tuple[Visitor, str], _Going] = {}
        self._jobs_of: dict[str, deque[str]] = {}
        self._lock = threading.Lock()

    async def run(self, visitor: Visitor, tab: str, build: Build) -> AsyncGenerator[Run, None]:
        """Runs what a tab asks for. Yields the same object whenever there is something new to show; never raises.

        Leaving the loop early cancels the jobs, as does :meth:`cancel`.

        Args:
            build: makes the requests; may raise AigcError.
        """
        run, going = Run(), _Going()
        try:
            try:
                requests = build()
                self._admit((visitor, tab), going)
                run.items = [Item(request) for request in requests]
                yield run
                for request in requests:
                    # In a thread: the first request of a model reads files and makes plans.
                    await asyncio.to_thread(self._submit, request, visitor, going)
            except Exception as error:  # noqa: BLE001 - whatever it is, the page must not wait for ever
                run.error = _told(error)
                yield run
                return
            async with aclosing(changes(going.jobs)) as heard:
                async for events in heard:
                    for number, event in events:
                        run.items[number].take(event)
                    await self._keep(run, visitor)
                    yield run
        finally:
            with self._lock:
                if self._going.get((visitor, tab)) is going:
                    del self._going[visitor, tab]
            self._end([going])

    def cancel(self, visitor: Visitor, tab: str | None = None) -> None:
        """Ends what runs for a page, in one tab or in all."""
        with self._lock:
            found = [going for (who, where), going in self._going.items() if who == visitor and tab in (None, where)]
        self._end(found)

    def stop(self) -> None:
        """Ends everything that runs."""
        with self._lock:
            found = list(self._going.values())
        self._end(found)

    def _end(self, found: Sequence[_Going]) -> None:
        with self._lock:
            jobs = [job for going in found for job in going.jobs]
            for going in found:
                going.over = True
        for job in jobs:
            job.cancel()

    def _submit(self, request: Request, visitor: Visitor, going: _Going) -> None:
        if going.over:
            raise Cancelled("the run was cancelled")
        job = self.client.submit(request, owner=visitor.user or visitor.session)
        with self._lock:
            going.jobs.append(job)
            if visitor.user is not None:
                self._jobs_of.setdefault(visitor.user, deque(maxlen=_REMEMBERED)).append(job.id)
        if going.over:  # cancelled while it was submitted: whoever cancelled did not see this job
            job.cancel()

    def jobs_of(self, user: str) -> set[str]:
        """Ids of the newest jobs of somebody who signed in; the ledger does not know whose they are."""
        with self._lock:
            return set(self._jobs_of.get(user, ()))

    def _admit(self, key: tuple[Visitor, str], going: _Going) -> None:
        with self._lock:
            if len(self._going) >= self.settings.max_runs:
                what = f"{len(self._going)} runs are going on, and more are not taken"
                raise OverBudget(what, fix="try again when one has ended")
            self._going[key] = going

    async def _keep(self, run: Run, visitor: Visitor) -> None:
        for item in run.items:
            if item.artifact is not None and not item.done:
                words = item.request.prompt or item.request.task
                try:
                    item.kept = await asyncio.to_thread(self.shelf.keep, item.artifact, visitor.user, words)
                except OSError as error:
                    item.error = StoreError(
                        f"the result cannot be kept: {error.strerror}", fix="make room in the temporary folder"
                    )


def _told(error: Exception) -> AigcError:
    """What the page says of an error; of a fault of ours the log has the rest."""
    if isinstance(error, AigcError):
        return error
    log.error("a run could not begin", exc_info=error)
    return AigcError("this cannot be run: a fault in aigc-sdk", fix="the program's log on the terminal says more")
