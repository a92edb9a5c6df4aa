"""The jobs of one HTTP request: submitted together, watched together, cancelled when the client goes away."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..contract.artifacts import Artifact
from ..contract.events import Completed, Event, Failed
from ..contract.requests import MAX_SEED
from ..engine.job import AsyncJob
from .keys import Caller

if TYPE_CHECKING:
    from fastapi import Request as HttpRequest


def seeds_of(seed: int | None, n: int) -> list[int | None]:
    """The seed of each of ``n`` variants: ``seed``, ``seed + 1``, ...; without one, the engine draws them."""
    if seed is None:
        return [None] if n == 1 else [secrets.randbelow(MAX_SEED) for _ in range(n)]
    return [(seed + i) % (MAX_SEED + 1) for i in range(n)]


class Submitted:
    """Jobs that were accepted. ``model``: the id of what runs them."""

    def __init__(self, jobs: Sequence[AsyncJob], model: str, caller: Caller) -> None:
        self.jobs = list(jobs)
        self.model = model
        self._caller = caller
        self._units: dict[str, float] = {}

    async def events(self) -> AsyncIterator[tuple[int, Event]]:
        """The events of all jobs as they come, with the job's place.

        Raises:
            AigcError: what the first job failed with; the others are cancelled.
        """
        queue: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

        async def watch(index: int, job: AsyncJob) -> None:
            async for event in job.events():
                await queue.put((index, event))

        watchers = [asyncio.create_task(watch(index, job)) for index, job in enumerate(self.jobs)]
        open_jobs = len(self.jobs)
        try:
            while open_jobs:
                index, event = await queue.get()
                if isinstance(event, Failed):
                    raise event.error
                if isinstance(event, Completed):
                    open_jobs -= 1
                    self._count(event.units)
                yield index, event
        finally:
            self.cancel()
            for watcher in watchers:
                watcher.cancel()

    def _count(self, units: dict[str, float]) -> None:
        for unit, amount in units.items():
            self._units[unit] = self._units.get(unit, 0) + amount
        self._caller.used("tokens", units.get("input_tokens", 0) + units.get("output_tokens", 0))
        self._caller.used("pixels", units.get("pixels", 0))
        self._caller.used("seconds", units.get("seconds", 0))

    def usage(self) -> dict[str, Any]:
        """Tokens, as OpenAI counts them; a prompt that is answered several times counts as often."""
        read, written = round(self._units.get("input_tokens", 0)), round(self._units.get("output_tokens", 0))
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def cancel(self) -> None:
        """Cancels what still runs."""
        for job in self.jobs:
            job.job.cancel()


class Running:
    """Waits for the jobs of a request that is not streamed; a client that goes away cancels them."""

    def __init__(self, submitted: Submitted, http: HttpRequest) -> None:
        self._submitted = submitted
        self._http = http

    async def artifacts(self) -> list[Artifact]:
        """One for each job, in order. Raises the first error."""
        found: dict[int, Artifact] = {}
        async for index, event in self._submitted.events():
            if isinstance(event, Completed):
                found[index] = event.artifact
        return [found[index] for index in sorted(found)]

    async def __aenter__(self) -> Self:
        self._watch = asyncio.create_task(self._until_gone())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.cancel()
        with suppress(asyncio.CancelledError):
            await self._watch
        self._submitted.cancel()

    async def _until_gone(self) -> None:
        while True:
            message = await self._http.receive()
            if message["type"] == "http.disconnect":
                self._submitted.cancel()
                return
