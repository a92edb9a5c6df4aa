"""The durable queue: jobs that clients leave with a server, which outlive it.

Any number of servers may work on one database. A server *claims* jobs, *beats* while it is at work, *records* what
happens and *finishes* them. What it writes is fenced by the attempt: once a job was cancelled, deleted, or taken over
from it, it writes nothing more about it.

Loads SQLAlchemy, so import it only where there is a queue.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..contract.errors import InvalidRequest, QueueFull
from . import job_queue_claims as claims
from . import job_queue_reads as reads
from . import job_queue_writes as writes
from .job_queue_rows import DueWebhook, Ending, NewJob, QueuedJob, QueueState, WebhookRecord
from .job_queue_webhooks import JobWebhooks

if TYPE_CHECKING:
    from .ledger import Ledger

__all__ = ["DueWebhook", "JobQueue", "JobWebhooks", "NewJob", "QueueState", "QueuedJob", "WebhookRecord"]

_KEPT = timedelta(days=1)
_MOST_CHARS = 200
_RETRY_S = (1.0, 60.0)
_RETRY_UNKNOWN_S = 5.0


class JobQueue:
    """The queue of one database. All methods may be called from any thread; they block for about a millisecond.

    Every method raises what the methods of :class:`Ledger` raise: StoreError where the database is locked or gone.

    Args:
        ledger: whose database it is in.
        kept: how long jobs are kept that end without ``finish``: cancelled, overdue, or given up.

    Attributes:
        webhooks: those to be delivered. A job that ends and has a webhook's URL gets there, in the same transaction.
    """

    def __init__(self, ledger: Ledger, *, kept: timedelta = _KEPT) -> None:
        self._ledger = ledger
        self._kept = kept
        self._ends: deque[float] = deque(maxlen=20)
        self._watch = claims.Watch()
        self._deleted = False
        self.webhooks = JobWebhooks(ledger)

    # --- for clients ----------------------------------------------------------------------------------------------

    def add(self, job: NewJob, *, most: int, most_of_owner: int) -> tuple[QueuedJob, bool]:
        """Queues a job, unless it is there already: then nothing changes, whatever its state.

        Args:
            most: so many may wait in all, most_of_owner: and of one owner. (PostgreSQL: those who add at the very same
                moment may each take the last place.)

        Returns:
            The job as it is, and whether it was queued now.

        Raises:
            JobExists: the owner has a job of this id, with another digest.
            QueueFull: too many wait; says when to come again.
            InvalidRequest: a name is too long or no text, or the priority is none of -1, 0, 1.
        """
        _check(job)
        now = datetime.now(UTC)
        with self._ledger.open().write() as connection:
            if found := writes.existing(connection, job):
                return found, False
            waiting, of_owner = writes.waiting(connection, job.owner)
            if waiting >= most or of_owner >= most_of_owner:
                who = "" if waiting >= most else "of yours "
                what = f"{waiting if waiting >= most else of_owner} jobs {who}wait already"
                raise QueueFull(what, fix="come again when some have run", retry_after_s=self._room_in())
            return writes.insert(connection, job, now)

    def get(self, owner: str, id: str) -> QueuedJob | None:
        """One job; None if the owner has none of this id."""
        with self._ledger.open().read() as connection:
            return reads.one(connection, owner, id)

    def query(
        self,
        owner: str,
        *,
        kind: str | None = None,
        states: Iterable[QueueState] = (),
        after: str | None = None,
        limit: int = 20,
        newest_first: bool = True,
    ) -> list[QueuedJob]:
        """An owner's jobs, in the order in which they came.

        Args:
            states: only these; all if empty. after: goes on behind the job of this id.

        Raises:
            InvalidRequest: the owner has no job ``after``.
        """
        with self._ledger.open().read() as connection:
            start = None
            if after is not None and (start := reads.key_of(connection, owner, after)) is None:
                raise InvalidRequest(f"there is no job {after!r} to go on after", fix="begin again without `after`")
            return reads.many(connection, owner, kind, list(states), start, limit, newest_first)

    def cancel(self, owner: str, id: str) -> QueuedJob | None:
        """Cancels a job that waits or runs, at once; its server notices at its next beat. One that has ended stays.

        Returns:
            The job as it is now; None if the owner has none of this id.
        """
        with self._ledger.open().write() as connection:
            if (key := reads.key_of(connection, owner, id)) is not None:
                writes.cancel(connection, key, datetime.now(UTC), self._kept)
            return reads.one(connection, owner, id)

    def delete(self, owner: str, id: str) -> QueuedJob | None:
        """Removes a job with its events and webhook; the server that runs it notices at its next beat.

        Returns:
            The job as it was, so that its files can be removed; None if the owner has none of this id.
        """
        with self._ledger.open().write() as connection:
            job = reads.one(connection, owner, id, lock=True)
            if job is not None:
                writes.remove(connection, [job.key])
                self._deleted = True
            return job

    def events(self, key: int, after: int = 0, limit: int = 1000) -> list[tuple[int, datetime, dict[str, Any]]]:
        """A job's events behind number ``after``: number, time (UTC), event.

        An event is what :meth:`record` was given, or one of the queue's own: ``{"type": "queued"}`` (again after
        ``give_back`` and ``take_over``, with ``"again": True``), ``{"type": "started", "attempt"}``,
        ``{"type": "completed"}``, ``{"type": "failed", "error"}``, ``{"type": "cancelled"}``.
        """
        with self._ledger.open().read() as connection:
            return reads.events(connection, key, after, limit)

    def changes(self, seen: Mapping[int, int]) -> set[int]:
        """Which of many watched jobs have newer events, or are gone.

        Args:
            seen: the number of the last event seen, by the job's key. A thousand are one query.
        """
        if not seen:
            return set()
        with self._ledger.open().read() as connection:
            return reads.changed(connection, seen)

    def counts(self, owner: str | None = None) -> dict[QueueState, int]:
        """How many jobs are in each state, in all or of one owner; states with none are left out."""
        with self._ledger.open().read() as connection:
            return reads.counts(connection, owner)

    # --- for the server that runs them ----------------------------------------------------------------------------

    def claim(self, most: int) -> list[QueuedJob]:
        """Takes jobs that wait, for this process: by priority, then of the owner with the fewest running, then by age.

        Two servers never get the same one.
        """
        with self._ledger.open().write() as connection:
            return claims.claim(connection, most, datetime.now(UTC))

    def beat(self, held: Mapping[int, int]) -> set[int]:
        """Says that this process is still at work, so that other hosts do not take its jobs over.

        Args:
            held: the attempt, by the job's key.

        Returns:
            The keys of those that are not its own any more: cancelled, deleted, or taken over.
        """
        if not held:
            return set()
        with self._ledger.open().write() as connection:
            return claims.beat(connection, held)

    def record(self, key: int, attempt: int, event: Mapping[str, Any], *, progress: int | None = None) -> bool:
        """Adds an event to a job that runs. Returns False, and does nothing, if it is not this attempt's any more."""
        with self._ledger.open().write() as connection:
            return writes.record(connection, key, attempt, event, progress, datetime.now(UTC))

    def finish(
        self,
        key: int,
        attempt: int,
        state: Ending,
        *,
        error: Mapping[str, Any] | None = None,
        results: Iterable[Mapping[str, Any]] = (),
        receipt: Mapping[str, Any] | None = None,
        units: Mapping[str, float] | None = None,
        expires: datetime | None = None,
    ) -> bool:
        """Ends a job that runs: its state, results, last event and webhook, in one transaction.

        Args:
            expires: when it may be removed; as long after now as ``kept`` says if None.

        Returns:
            False, and nothing was done, if it is not this attempt's any more: the results are not wanted.
        """
        now = datetime.now(UTC)
        end = writes.End(
            state=state,
            finished=now,
            expires=expires or now + self._kept,
            error=error,
            results=list(results),
            receipt=receipt,
            units=units,
        )
        with self._ledger.open().write() as connection:
            done = writes.finish(connection, key, attempt, end)
        if done:
            self._ends.append(time.monotonic())
        return done

    def give_back(self, key: int, attempt: int) -> bool:
        """Puts a job back into the queue, at its old place: the server is being stopped. Not counted as a death."""
        with self._ledger.open().write() as connection:
            return writes.requeue(connection, key, attempt, datetime.now(UTC))

    # --- for the sweeps of any server -----------------------------------------------------------------------------

    def take_over(self, *, max_attempts: int, patience_s: float) -> int:
        """Puts jobs whose process is dead back into the queue; those that saw ``max_attempts`` processes die, fail.

        A process of this machine (and container) is looked up. One of another is dead if its beat has not moved for
        ``patience_s`` seconds of this process' own monotonic clock, so no clock of any machine matters. That needs
        this method to be called again and again, and ``patience_s`` to be several times the pause between beats. The
        same goes for this process' own jobs: one that it does not beat is one whose claim it never got an answer to.

        Returns:
            How many were taken over.
        """
        database = self._ledger.open()
        with database.read() as connection:
            running = claims.running(connection)
        dead = self._watch.dead(running, patience_s, time.monotonic())
        taken = 0
        for held in dead:
            with database.write() as connection:
                taken += claims.take_over(connection, held, max_attempts, datetime.now(UTC), self._kept)
        return taken

    def overdue(self) -> int:
        """Fails the jobs that wait and whose deadline has passed. Returns how many."""
        with self._ledger.open().write() as connection:
            return writes.fail_overdue(connection, datetime.now(UTC), self._kept)

    def expire(self, now: datetime | None = None) -> list[QueuedJob]:
        """Removes jobs that ended and whose time to be kept is over, a few hundred at a time.

        In SQLite, the space of these and of those deleted since is overwritten.

        Returns:
            The jobs removed, so that their files can be. Their ``request`` is not read.
        """
        database = self._ledger.open()
        with database.write() as connection:
            gone = writes.expire(connection, now or datetime.now(UTC))
        if gone or self._deleted:
            self._deleted = False
            database.scrub()
        return gone

    def _room_in(self) -> float:
        """Seconds until about one more has been run, by the pace of this process."""
        ends = list(self._ends)
        pace = (ends[-1] - ends[0]) / (len(ends) - 1) if len(ends) > 1 else _RETRY_UNKNOWN_S
        return min(max(pace, _RETRY_S[0]), _RETRY_S[1])


def _check(job: NewJob) -> None:
    for name in ("id", "owner", "model"):
        value = getattr(job, name)
        if not 0 < len(value) <= _MOST_CHARS or not value.isprintable():
            raise InvalidRequest(f"the {name} of a job has 1 to {_MOST_CHARS} characters, all of them printable")
    if job.priority not in (-1, 0, 1):
        raise InvalidRequest(f"a priority is -1, 0 or 1, not {job.priority}")
