"""One job of the queue on its way through the engine: from its request to results in its folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, Cancelled, DeadlineExceeded
from ..contract.events import Completed, Event, Progress, Started
from ..contract.requests import REQUESTS, Media, Request
from ..ledger.job_queue_rows import Ending, QueuedJob
from .jobs_calls import QueueCalls
from .jobs_folder import JobFolder
from .jobs_view import error_of, result_of
from .tracing import going_on

if TYPE_CHECKING:
    from ..ledger.job_queue import JobQueue
    from .state import ServerState

log = logging.getLogger(__name__)

_NOTE_S = 0.5
"""Progress is written so often at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    state: Ending
    expires: datetime
    error: dict[str, Any] | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    units: Mapping[str, float] | None = None

    def written(self, queue: JobQueue, job: QueuedJob) -> bool:
        """Ends the job in the queue. Returns False if it is not this attempt's any more."""
        end = {"error": self.error, "results": self.results, "units": self.units, "expires": self.expires}
        return queue.finish(job.key, job.attempt, self.state, **end)  # type: ignore[arg-type]


def stored_request(request: Request, seeds: list[int], media: Mapping[str, str]) -> dict[str, Any]:
    """A request as the queue keeps it.

    Args:
        seeds: one for each variant.
        media: names of the files in the job's folder, by field.
    """
    own = {"seed", "deadline_s", *request.media_fields()}
    fields = request.model_dump(mode="json", exclude=own, exclude_unset=True)
    return {"fields": fields, "media": dict(media), "seeds": seeds}


class JobRun:
    """Runs one attempt of a job.

    Attributes:
        begun: the engine has begun to work on it.
    """

    def __init__(
        self, job: QueuedJob, state: ServerState, calls: QueueCalls, folder: JobFolder, expires_in_s: float
    ) -> None:
        self.job = job
        self.begun = False
        self._state = state
        self._calls = calls
        self._folder = folder
        self._expires_in_s = expires_in_s
        self._progress: dict[int, float] = {}
        self._noted = (0.0, 0)

    async def outcome(self) -> Outcome:
        """Runs the job to its end, which may be a failure. Cancelling the task stops it within a step."""
        try:
            results, units = await self._made()
        except Cancelled as error:
            return self._ended("cancelled", error_of(error))
        except AigcError as error:
            return self._ended("failed", error_of(error))
        except Exception as error:
            log.exception("job %s", self.job.id)
            what = f"unexpected {type(error).__name__}; the server's log says more"
            return self._ended("failed", {"code": "internal_error", "message": what})
        return self._ended("completed", None, results, units)

    async def drop_results(self) -> None:
        """Removes what this attempt has made: nobody wants it."""
        job = self.job
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._folder.drop_results, job.owner, job.id, self._stem)

    async def _made(self) -> tuple[list[dict[str, Any]], dict[str, float]]:
        requests = await asyncio.to_thread(self._requests)
        with going_on(self._state.client.engine.telemetry, self.job.request):
            submitted = await self._state.submit_for(self.job.owner, requests, self.job.priority)
        results: dict[int, dict[str, Any]] = {}
        async with aclosing(submitted.events()) as events:
            async for index, event in events:
                if isinstance(event, Completed):
                    self._progress[index] = 1.0
                    results[index] = await asyncio.to_thread(self._kept, index, event.artifact)
                await self._note(index, event, len(requests))
        return [results[index] for index in sorted(results)], submitted.units

    def _requests(self) -> list[Request]:
        """One for each variant."""
        job = self.job
        kind = REQUESTS[job.modality]  # type: ignore[index]
        fields: dict[str, Any] = dict(job.request["fields"])
        for name, file in job.request["media"].items():
            fields[name] = Media(path=self._folder.path(job.owner, job.id, file))
        if job.deadline is not None:
            left = (job.deadline - datetime.now(UTC)).total_seconds()
            if left <= 0:
                raise DeadlineExceeded("the job did not finish within its deadline", fix="raise deadline_s")
            fields["deadline_s"] = left
        return [kind(**fields, seed=seed) for seed in job.request["seeds"]]

    def _kept(self, index: int, artifact: Artifact) -> dict[str, Any]:
        job = self.job
        name = self._folder.keep_result(job.owner, job.id, f"{self._stem}-{index}", artifact)
        path: Path = self._folder.path(job.owner, job.id, name)
        return result_of(artifact, name, path.stat().st_size)

    async def _note(self, index: int, event: Event, variants: int) -> None:
        """Writes how far it is, now and then."""
        if isinstance(event, Started):
            self.begun = True
        if not isinstance(event, Progress) or not event.of:
            return
        self._progress[index] = max(self._progress.get(index, 0.0), event.step / event.of)
        # It never goes back, and is full only when the files are there.
        percent = min(99, int(100 * sum(self._progress.values()) / variants))
        at, before = self._noted
        if percent <= before or time.monotonic() - at < _NOTE_S:
            return
        self._noted = (time.monotonic(), percent)
        told = {"type": "progress", "progress": percent, "step": event.step, "of": event.of, "what": event.what}
        with contextlib.suppress(AigcError):  # the database is gone: the job goes on
            await self._calls.write(self._calls.queue.record, self.job.key, self.job.attempt, told, progress=percent)
            self._state.jobs.changed(self.job.key)

    def _ended(self, state: Ending, error: dict[str, str] | None, *made: Any) -> Outcome:
        expires = datetime.fromtimestamp(time.time() + self._expires_in_s, UTC)
        return Outcome(state, expires, error, *made)

    @property
    def _stem(self) -> str:
        return f"{self.job.key}-{self.job.attempt}"
