"""The jobs of one HTTP request: submitted together, watched together, cancelled when the client goes away."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..contract.artifacts import Artifact, AudioArtifact, ImageArtifact
from ..contract.errors import AigcError, Cancelled
from ..contract.events import Completed, Delta, Event, Failed
from ..contract.requests import MAX_SEED
from ..engine.job import AsyncJob, ended, outcome
from .keys import Caller

if TYPE_CHECKING:
    from fastapi import Request as HttpRequest

    from .metrics import Metrics

_LOOK_S = 1.0
"""How often a request that is not streamed looks whether its key is still valid."""


def seeds_of(seed: int | None, n: int) -> list[int | None]:
    """The seed of each of ``n`` variants: ``seed``, ``seed + 1``, ...; without one, the engine draws them."""
    if seed is None:
        return [None] if n == 1 else [secrets.randbelow(MAX_SEED) for _ in range(n)]
    return [(seed + i) % (MAX_SEED + 1) for i in range(n)]


class Submitted:
    """Jobs that were accepted. ``model``: the id of what runs them."""

    def __init__(self, jobs: Sequence[AsyncJob], model: str, caller: Caller, metrics: Metrics) -> None:
        self.jobs = list(jobs)
        self.model = model
        self._caller = caller
        self._metrics = metrics
        self.units: dict[str, float] = {}
        self._open = set(range(len(self.jobs)))
        self._silent = set(self._open)
        self._pieces = 0

    async def events(self) -> AsyncGenerator[tuple[int, Event], None]:
        """The events of all jobs as they come, with the job's place.

        Raises:
            AigcError: what the first job failed with, or the key is valid no more; the others are cancelled.
        """
        try:
            async with aclosing(_merged(self.jobs)) as events:
                async for index, event in events:
                    self._caller.require_valid()
                    self._count(index, event)
                    if isinstance(event, Failed):
                        raise event.error
                    yield index, event
        finally:
            self._close()

    async def artifacts(self) -> list[Artifact]:
        """What the jobs made, in their order, once all are done. Raises as :meth:`events`."""
        try:
            await self._until_ended()
            for index, job in enumerate(self.jobs):
                for event in job.job.so_far:
                    self._count(index, event)
            last = [job.job.last for job in self.jobs]
            return [outcome(event) for event in [e for e in last if isinstance(e, Failed)] or last]
        finally:
            self._close()

    async def _until_ended(self) -> None:
        """Woken once, at the end; and every second, to see whether the key is still valid."""
        jobs, over = [job.job for job in self.jobs], False
        while not over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await ended(jobs)
                    over = True
            self._caller.require_valid()

    def _close(self) -> None:
        self.cancel()
        for _ in self._open:
            self._metrics.job_ended(self.model, "cancelled", {})
        # Whoever leaves before the end has had the pieces: a token each, or about that.
        self._caller.used("tokens", self._pieces if self._open else 0)

    def _count(self, index: int, event: Event) -> None:
        if isinstance(event, Delta):
            self._pieces += 1
            if index in self._silent:
                self._silent.remove(index)
                job = self.jobs[index].job
                waited = job.timings.get("first_output", time.perf_counter() - job.submitted)
                self._metrics.first_output(self.model, waited)
        elif isinstance(event, Failed):
            self._open.discard(index)
            outcome = "cancelled" if isinstance(event.error, Cancelled) else "failed"
            self._metrics.job_ended(self.model, outcome, {})
        elif isinstance(event, Completed):
            self._open.discard(index)
            self._metrics.job_ended(self.model, "completed", event.units)
            self._bill(event.units, event.artifact)

    def _bill(self, units: dict[str, float], artifact: Artifact) -> None:
        for unit, amount in units.items():
            self.units[unit] = self.units.get(unit, 0) + amount
        self._caller.used("tokens", units.get("input_tokens", 0) + units.get("output_tokens", 0))
        # By what came out where that is known: a picture may be drawn small and enlarged.
        if isinstance(artifact, ImageArtifact):
            self._caller.used("pixels", artifact.width * artifact.height)
        heard = units.get("seconds", 0) + units.get("audio_seconds", 0)
        self._caller.used("seconds", artifact.duration_s if isinstance(artifact, AudioArtifact) else heard)

    def usage(self) -> dict[str, Any]:
        """Tokens, as OpenAI counts them; a prompt that is answered several times counts as often."""
        read, written = round(self.units.get("input_tokens", 0)), round(self.units.get("output_tokens", 0))
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def cancel(self, why: AigcError | None = None) -> None:
        """Ends what still runs: as cancelled, or for the reason given."""
        for job in self.jobs:
            job.job.stop(why) if why is not None else job.job.cancel()


async def _merged(jobs: Sequence[AsyncJob]) -> AsyncGenerator[tuple[int, Event], None]:
    """The events of all jobs, as they come. Leaves no task and no listener behind, however it is left."""
    if len(jobs) == 1:
        async with aclosing(jobs[0].events()) as events:
            async for event in events:
                yield 0, event
        return
    queue: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

    async def watch(index: int, job: AsyncJob) -> None:
        async for event in job.events():
            queue.put_nowait((index, event))

    watchers = [asyncio.create_task(watch(index, job)) for index, job in enumerate(jobs)]
    still_open = len(jobs)
    try:
        while still_open:
            index, event = await queue.get()
            still_open -= isinstance(event, (Completed, Failed))
            yield index, event
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.wait(watchers)


class Running:
    """Waits for the jobs of a request that is not streamed; a client that goes away cancels them."""

    def __init__(self, submitted: Submitted, http: HttpRequest) -> None:
        self._submitted = submitted
        self._http = http

    async def artifacts(self) -> list[Artifact]:
        """One for each job, in order. Raises the first error."""
        return await self._submitted.artifacts()

    async def __aenter__(self) -> Self:
        self._watch = asyncio.create_task(self._until_gone())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._submitted.cancel()
        self._watch.cancel()

    async def _until_gone(self) -> None:
        while True:
            message = await self._http.receive()
            if message["type"] == "http.disconnect":
                self._submitted.cancel()
                return
