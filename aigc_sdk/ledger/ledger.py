"""The ledger: records jobs while they run, and answers what was run."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.artifacts import replacing
from ..contract.errors import AigcError, Cancelled, InvalidRequest, StoreError
from ..contract.receipt import Receipt
from ..contract.requests import Request
from .entries import Entry, GroupBy, State, Total
from .redact import Redactor, redact_tree, without_prompts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..settings import LedgerSettings
    from .database import Database

_MAX_ERROR_CHARS = 2_000
_TRY_AGAIN_S = 30.0
"""A ledger that could not be opened is not tried again at every job: a server that is down costs seconds each time."""
_FORGET_AT_ONCE = 500
_SHORT_CHARS = 200


class Ledger:
    """The record of jobs. Opened at first use; all methods may be called from any thread and from many processes.

    Args:
        url: ``sqlite:////absolute/path`` or ``postgresql://user:password@host/name``.
        store_prompts: keep the words of prompts, messages and system instructions.
        redact: takes secrets out of every text before it is written, the same from the same text; a
            :class:`Redactor` if None.
        timeout_s: longest wait, in seconds, for another process that writes.

    Every method that touches the database raises StoreError if it cannot be opened, read or written (it says why),
    MissingExtra if the database's driver is not installed, and InvalidRequest if the URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        store_prompts: bool = False,
        redact: Callable[[str], str] | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        self._url = url
        self._store_prompts = store_prompts
        self._redact = redact or Redactor()
        # Most of a receipt is the same from job to job: plan, versions, licence.
        self._clean_short = lru_cache(maxsize=2048)(self._cleaned)
        self._timeout_s = timeout_s
        self._database: Database | None = None
        self._parents: Database | None = None
        self._opening = threading.Lock()
        self._failed: tuple[float, AigcError] | None = None
        self._within = threading.local()

    @classmethod
    def from_settings(cls, settings: LedgerSettings) -> Ledger:
        """The ledger that the settings describe."""
        redact = Redactor(personal=settings.redact_personal)
        return cls(settings.location(), store_prompts=settings.store_prompts, redact=redact)

    # --- opening --------------------------------------------------------------------------------------------------

    def open(self) -> Database:
        """Opens the database, if it is not open yet, and brings it up to date."""
        database = self._database
        if database is not None and not database.forked:
            return database
        with self._opening:
            if self._database is not None and self._database.forked:
                # Kept as it is: to close it here would break the parent's write-ahead log.
                self._parents, self._database = self._database, None
            if self._database is None:
                self._database = self._opened()
            return self._database

    def _opened(self) -> Database:
        if self._failed is not None and time.monotonic() < self._failed[0]:
            raise self._failed[1]
        from .database import Database

        try:
            database = Database(self._url, self._timeout_s)
        except AigcError as error:
            self._failed = (time.monotonic() + _TRY_AGAIN_S, error)
            raise
        self._failed = None
        return database

    def close(self) -> None:
        """Closes the connections. The ledger opens again when it is used again."""
        with self._opening:
            database, self._database = self._database, None
        if database is not None:
            database.close()

    # --- writing --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for what this thread records within the block; all of it is written, or nothing."""
        with self.open().write() as connection:
            self._within.connection = connection
            try:
                yield
            finally:
                del self._within.connection

    def _writing(self) -> contextlib.AbstractContextManager[Connection]:
        within: Connection | None = getattr(self._within, "connection", None)
        return self.open().write() if within is None else contextlib.nullcontext(within)

    def record_queued(self, job: str, request: Request, model: str, plugin: str) -> None:
        """Records that a job was accepted.

        Args:
            job: its id. request: as submitted. model: the card's id.
        """
        values = {
            "id": job,
            "created": datetime.now(UTC),
            "modality": request.modality,
            "task": request.task,
            "model": self._clean(model),
            "plugin": plugin,
            "state": "queued",
            "seed": request.seed,
            "prompt": self._clean(_words(request)) if self._store_prompts else None,
            "seconds": None,
            "timings": None,
        }
        from . import writes

        with self._writing() as connection:
            writes.add_job(connection, values)

    def record_running(self, job: str) -> None:
        """Records that a job began to run."""
        from . import writes

        with self._writing() as connection:
            writes.run_job(connection, job)

    def record_finished(self, receipt: Receipt) -> None:
        """Records that a job completed, in one transaction with its receipt, units and energy."""
        kept = self._receipt(receipt)
        from . import writes

        with self._writing() as connection:
            if not writes.end_job(connection, receipt.job, "completed", receipt.timings, seed=receipt.seed):
                # It was never recorded as queued: the receipt knows all that the entry needs.
                writes.add_job(connection, self._from_receipt(receipt))
            writes.add_receipt(connection, receipt.job, kept, receipt.units, receipt.energy)

    def record_failed(self, job: str, error: AigcError, timings: Mapping[str, float] | None = None) -> None:
        """Records that a job failed or was cancelled. Does nothing if the job is not there or has ended already."""
        state = "cancelled" if isinstance(error, Cancelled) else "failed"
        what = self._clean(error.what)[:_MAX_ERROR_CHARS]
        from . import writes

        with self._writing() as connection:
            writes.end_job(connection, job, state, timings or {}, error_code=error.code, error=what)

    def _clean(self, text: str) -> str:
        """Redacted, and without what databases refuse: NUL characters and lone surrogates."""
        return self._clean_short(text) if len(text) <= _SHORT_CHARS else self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        return self._redact(text.encode("utf-8", "replace").decode("utf-8")).replace("\x00", "\ufffd")

    def _receipt(self, receipt: Receipt) -> dict[str, Any]:
        tree = receipt.model_dump(mode="json")
        kept: dict[str, Any] = redact_tree(tree if self._store_prompts else without_prompts(tree), self._clean)
        return kept

    def _from_receipt(self, receipt: Receipt) -> dict[str, Any]:
        return {
            "id": receipt.job,
            "created": receipt.created,
            "finished": datetime.now(UTC),
            "modality": receipt.modality,
            "task": receipt.task,
            "model": self._clean(receipt.model),
            "plugin": receipt.plugin,
            "state": "completed",
            "seed": receipt.seed,
            "prompt": None,
            "seconds": receipt.timings.get("total"),
            "timings": receipt.timings,
        }

    # --- reading --------------------------------------------------------------------------------------------------

    def query(
        self,
        *,
        since: datetime | None = None,
        model: str | None = None,
        state: State | None = None,
        modality: str | None = None,
        limit: int | None = 50,
    ) -> list[Entry]:
        """Jobs, newest first, without their receipts.

        Args:
            since: created at this time or later (local time if it has no zone). limit: most entries; None is all.
        """
        from . import reads

        with self.open().read() as connection:
            wanted = reads.conditions(since=since, model=model, modality=modality)
            return list(reads.entries(connection, *wanted, state=state, limit=limit))

    def get(self, job_prefix: str) -> Entry:
        """One job with its receipt, by its id or the beginning of it.

        Raises:
            InvalidRequest: no job, or more than one, begins so.
        """
        from . import reads

        with self.open().read() as connection:
            wanted = reads.conditions(prefix=job_prefix)
            found = list(reads.entries(connection, *wanted, limit=4, with_receipts=True)) if job_prefix else []
        exact = [entry for entry in found if entry.id == job_prefix]
        if exact or len(found) == 1:
            return (exact or found)[0]
        if not found:
            raise InvalidRequest(f"no job begins with {job_prefix!r}", fix="`aigc log` lists the jobs")
        ids = ", ".join(entry.id for entry in found[:3])
        raise InvalidRequest(f"more than one job begins with {job_prefix!r}: {ids}", fix="write more of the id")

    def totals(self, group_by: GroupBy = "model", *, since: datetime | None = None) -> list[Total]:
        """Jobs, seconds, units and energy, added up by model, modality or day (UTC)."""
        if group_by not in ("model", "modality", "day"):
            raise InvalidRequest(f"jobs are not grouped by {group_by!r}", fix="model, modality or day")
        from . import reads

        with self.open().read() as connection:
            return reads.totals(connection, group_by, *reads.conditions(since=since))

    # --- taking out -----------------------------------------------------------------------------------------------

    def export(self, target: str | os.PathLike[str], *, since: datetime | None = None) -> int:
        """Writes all jobs with their receipts as JSON lines, newest first. Returns how many.

        Raises:
            StoreError: the file cannot be written; then it is not there, or as it was.
        """
        path = Path(target)
        count = 0
        from . import reads

        with self.open().read() as connection:
            try:
                with replacing(path) as file:
                    for entry in reads.entries(connection, *reads.conditions(since=since), with_receipts=True):
                        file.write((json.dumps(entry.as_dict(), ensure_ascii=False) + "\n").encode())
                        count += 1
            except OSError as error:
                raise StoreError(f"{path} cannot be written: {error.strerror}", fix="name another file") from None
        return count

    def forget(self, before: datetime) -> int:
        """Deletes all jobs created before a time, but those that still run, and what is recorded of them.

        Of jobs in a server's queue the same: their words at once, their files at the server's next sweep. In SQLite the
        space is overwritten, so that nothing of them can be read from the file afterwards.

        Returns:
            How many jobs were deleted, without counting those in queues: each has run as one of the others.
        """
        from . import job_queue_writes, reads, writes

        database = self.open()
        with database.read() as connection:
            old = reads.entries(connection, *reads.conditions(before=before))
            ids = [entry.id for entry in old if entry.state not in ("queued", "running")]
        for start in range(0, len(ids), _FORGET_AT_ONCE):  # in parts, so that others can write in between
            with database.write() as connection:
                writes.remove_jobs(connection, ids[start : start + _FORGET_AT_ONCE])
        with database.write() as connection:
            job_queue_writes.forget(connection, before)
        database.scrub()
        return len(ids)


def _words(request: Request) -> str:
    """The user's own words: the prompt, or the turns of the chat."""
    messages = getattr(request, "messages", ())
    return request.prompt or "\n".join(f"{message.role}: {message.content}" for message in messages)
