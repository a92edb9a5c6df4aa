"""The jobs of one server: its side of the durable queue, and all that works on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..contract.errors import AigcError, JobExists, QueueFull, StoreError
from ..contract.requests import Request
from ..ledger import Ledger
from ..ledger.job_queue_rows import NewJob, QueuedJob, QueueState
from ..settings import home
from .jobs_calls import QueueCalls
from .jobs_events import Watcher
from .jobs_folder import JobFolder
from .jobs_run import JobRun, stored_request
from .jobs_worker import JobWorker
from .keys import Caller
from .refused import Refused
from .tracing import carried
from .webhooks import WebhookSender
from .webhooks_address import checked_addresses, webhook_url

if TYPE_CHECKING:
    from .state import ServerState

log = logging.getLogger(__name__)

_COUNT_S = 5.0
_DRAWN_BITS = 32
_FIX = "take another id, or delete that job first"


@dataclass(frozen=True, slots=True)
class Wish:
    """A job that a client asks for.

    Attributes:
        id: unique among those of the key. kind: by which endpoint it came. digest: tells it from another of its id.
        files: media that came along, by field of the request, which holds them, too.
        seeds: one for each variant; None is drawn.
    """

    id: str
    kind: Literal["job", "video"]
    request: Request
    digest: str
    files: Mapping[str, bytes]
    seeds: list[int | None]
    priority: int = 0
    webhook: str | None = None


class Jobs:
    """What the routes ask for jobs. Used by one event loop.

    Without a ledger, queue and files are temporary, and go with the server.
    """

    def __init__(self, state: ServerState) -> None:
        from ..ledger.job_queue import JobQueue

        self._state = state
        self._settings = settings = state.settings
        self._signer = state.signer
        ledger = state.client.ledger
        self._temporary = None if ledger is not None else tempfile.TemporaryDirectory(prefix="aigc-jobs-")
        self._own_ledger: Ledger | None = None
        if self._temporary is not None:
            place = Path(self._temporary.name)
            ledger = self._own_ledger = Ledger(f"sqlite:///{place / 'jobs.sqlite'}")
        else:
            place = settings.jobs_folder or home() / "jobs"
        assert ledger is not None
        self.calls = QueueCalls(JobQueue(ledger, kept=timedelta(seconds=settings.job_ttl_s)))
        self.folder = JobFolder(place / "files" if self._temporary else place, settings.max_job_bytes)
        self.watcher = Watcher(self.calls)
        self._worker = JobWorker(self.calls, self._run_of, settings.jobs_at_once, self.changed, self._swept)
        self._sender: WebhookSender | None = None
        if self._signer is not None:
            hosts, pauses_s = settings.webhook_hosts, settings.webhook_pauses_s
            self._sender = WebhookSender(self.calls, self._signer, hosts, pauses_s)
        self._tasks: list[asyncio.Task[None]] = []
        self._drained: asyncio.Task[None] | None = None

    # --- for routes -----------------------------------------------------------------------------------------------

    async def add(self, wish: Wish, caller: Caller) -> tuple[QueuedJob, bool]:
        """Queues a job, unless the key has it already. Returns it, and whether it was queued now.

        Raises:
            Refused: the key is not for this, or has another job of this id; the queue or the disk is full; the database
                is gone. AigcError: the request cannot be run.
        """
        self._state.require_open()
        if found := await self._found(wish, caller):
            return found, False
        caller.admit(wish.request.modality)
        entry = await asyncio.to_thread(self._state.checked, wish.request)
        if wish.webhook is not None:
            await self._check_webhook(wish.webhook)
        media = await asyncio.to_thread(self._kept_inputs, wish, caller.name)
        deadline = wish.request.deadline_s
        new = NewJob(
            id=wish.id,
            owner=caller.name,
            kind=wish.kind,
            modality=wish.request.modality,
            task=wish.request.task,
            model=entry.card.id,
            request=stored_request(wish.request, _drawn(wish.seeds), media)
            | carried(self._state.client.engine.telemetry),
            digest=wish.digest,
            priority=min(wish.priority, caller.priority),
            deadline=None if deadline is None else datetime.now(UTC) + timedelta(seconds=deadline),
            webhook=wish.webhook,
        )
        job, made_now = await self._added(new)
        self.start()
        self._worker.wake()
        return job, made_now

    async def get(self, owner: str, id: str, kind: str | None = None) -> QueuedJob:
        """One job of a key. Raises Refused (404), also for another key's."""
        job = await self.calls.read_for_client(self.calls.queue.get, owner, id)
        if job is None or kind not in (None, job.kind):
            raise _not_there(kind or "job", id)
        return job

    async def page(
        self, owner: str, *, kind: str | None = None, state: QueueState | None = None, **place: Any
    ) -> list[QueuedJob]:
        """A key's jobs: one more than the ``limit``, if there are more.

        Args:
            place: ``after``, ``limit`` and ``newest_first`` of :meth:`JobQueue.query`.
        """
        wanted = {**place, "limit": place["limit"] + 1, "states": () if state is None else (state,)}
        return await self.calls.read_for_client(self.calls.queue.query, owner, kind=kind, **wanted)

    async def cancel(self, owner: str, id: str) -> QueuedJob:
        """Cancels one. Raises Refused (404)."""
        job = await self.calls.write_for_client(self.calls.queue.cancel, owner, id)
        if job is None:
            raise _not_there("job", id)
        if job.state == "cancelled":
            self._ended(job.key)
        return job

    async def delete(self, job: QueuedJob) -> None:
        """Removes one with its files; one that runs is cancelled."""
        # The files first: once it is gone from the queue, the same id may be a new job, with files of its own.
        await asyncio.to_thread(self.folder.drop_job, job.owner, job.id, job.key)
        await self.calls.write_for_client(self.calls.queue.delete, job.owner, job.id)
        self._ended(job.key)

    async def file(self, job: QueuedJob, name: str) -> Path:
        """Where a file of a job is. Raises Refused (410) if it is not there any more."""
        try:
            return await asyncio.to_thread(self.folder.path, job.owner, job.id, name)
        except StoreError as error:
            raise Refused(410, "invalid_request_error", error.what, code="result_gone", fix=error.fix) from None

    def changed(self, key: int) -> None:
        """Something was written about a job: who follows it is told."""
        self.watcher.notify(key)
        if self._sender is not None:
            self._sender.wake()

    def _ended(self, key: int) -> None:
        self._worker.drop(key)
        self.changed(key)

    # --- taking a job ---------------------------------------------------------------------------------------------

    async def _found(self, wish: Wish, caller: Caller) -> QueuedJob | None:
        found = await self.calls.read_for_client(self.calls.queue.get, caller.name, wish.id)
        if found is not None and found.digest != wish.digest:
            raise JobExists(f"there is a job {wish.id!r} already, which asks for something else", fix=_FIX)
        return found

    async def _check_webhook(self, address: str) -> None:
        if self._signer is None:
            what = "webhook: this server has no secret to sign with"
            fix = "the operator gives --webhook-secret-file; or follow the job's events"
            raise Refused(400, "invalid_request_error", what, code="no_webhook_secret", param="webhook", fix=fix)
        with contextlib.suppress(OSError):  # a host that cannot be found now may be found later
            await checked_addresses(webhook_url(address), self._settings.webhook_hosts)

    def _kept_inputs(self, wish: Wish, owner: str) -> dict[str, str]:
        try:
            self.folder.require_room(0)
            return {name: self.folder.keep_input(owner, wish.id, data) for name, data in wish.files.items()}
        except StoreError as error:
            raise Refused(
                429, "rate_limit_error", error.what, code="storage_full", fix=error.fix, retry_after_s=60
            ) from None

    async def _added(self, new: NewJob) -> tuple[QueuedJob, bool]:
        most, most_of_owner = self._settings.max_waiting, self._settings.max_waiting_of_key
        queue = self.calls.queue
        try:
            return await self.calls.write_for_client(queue.add, new, most=most, most_of_owner=most_of_owner)
        except QueueFull:  # it was certainly not queued; after other errors nobody knows
            await asyncio.to_thread(self.folder.drop_job, new.owner, new.id, -1)
            raise

    # --- running --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to work, unless it does already."""
        if not self._tasks and self._drained is None:
            work = [self._worker.run, self.watcher.run, self._count]
            if self._sender is not None:
                work.append(self._sender.run)
            self._tasks = [asyncio.create_task(_for_ever(one)) for one in work]

    def _run_of(self, job: QueuedJob) -> JobRun:
        kept_s = self._settings.video_ttl_s if job.kind == "video" else self._settings.job_ttl_s
        return JobRun(job, self._state, self.calls, self.folder, kept_s)

    def _swept(self, gone: list[QueuedJob]) -> None:
        for job in gone:
            asyncio.get_running_loop().run_in_executor(
                None, self.folder.drop_job, job.owner, job.id, job.key, job.finished
            )

    async def _count(self) -> None:
        """Keeps the numbers for /metrics, which does not wait for a database."""
        while True:
            with contextlib.suppress(AigcError):
                self._state.metrics.queue = dict(await self.calls.read(self.calls.queue.counts))
            await asyncio.sleep(_COUNT_S)

    # --- ending ---------------------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Takes no more jobs; what runs has ``drain_s`` seconds to end, and goes back into the queue then."""
        if self._drained is None:
            self._drained = asyncio.create_task(self._drain())
        await asyncio.shield(self._drained)

    async def _drain(self) -> None:
        await self._worker.drain(self._settings.drain_s)
        self.watcher.end()

    def hand_back(self) -> None:
        """What runs goes back into the queue, now."""
        self._worker.hand_back()

    async def close(self) -> None:
        """Ends all work, and gives up what is temporary."""
        await self.drain()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._closed)

    def _closed(self) -> None:
        self.calls.close()
        if self._own_ledger is not None:
            self._own_ledger.close()
        if self._temporary is not None:
            self._temporary.cleanup()


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Whatever goes wrong, somebody waits for this to go on."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("durable jobs: %s stumbled, and begins anew", work.__qualname__)
        await asyncio.sleep(1)


def _drawn(seeds: list[int | None]) -> list[int]:
    """Drawn when the job is taken, so that a second attempt makes the same."""
    return [secrets.randbits(_DRAWN_BITS) if seed is None else seed for seed in seeds]


def _not_there(kind: str, id: str) -> Refused:
    what = f"there is no {kind} {id!r}, or it has expired"
    return Refused(404, "invalid_request_error", what, code="not_found", param=f"{kind}_id")
