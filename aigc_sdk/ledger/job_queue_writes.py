"""What is written to the queue. Statements are built once and take their values by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..contract.errors import JobExists
from . import job_queue_reads as reads
from .job_queue_rows import OPEN, Ending, NewJob, QueuedJob, job_of
from .tables import queue, queue_events, queue_webhooks

_AT_ONCE = 500
NOBODY = dict.fromkeys(("host", "boot", "pid", "process_started"))

_at = queue.c
_key = _at.key == sa.bindparam("its_key")
held = (_key, _at.attempt == sa.bindparam("its_attempt"), _at.state == "running")
"""The fence: the job still runs, as the attempt that says so."""
next_event = {"last_event": _at.last_event + 1}
_waiting = sa.select(sa.func.count(), sa.func.count().filter(_at.owner == sa.bindparam("its_owner"))).where(
    _at.state == "queued"
)
# In PostgreSQL another may insert the same at the same moment.
_absent = {
    "sqlite": sqlite.insert(queue).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(queue).on_conflict_do_nothing(),
}
_insert = {name: insert.inline().execution_options(preserve_rowcount=True) for name, insert in _absent.items()}
_progress = {"progress": sa.func.coalesce(sa.bindparam("new_progress", type_=sa.Integer), _at.progress)}
_record = sa.update(queue).where(*held).values(next_event | _progress)
_again = {"state": "queued", "progress": 0, "started": None}
_requeue = sa.update(queue).where(*held).values(next_event | NOBODY | _again)
_ENDS = ("state", "finished", "expires", "error", "results", "receipt", "units")
_new = {name: sa.bindparam(f"new_{name}", type_=_at[name].type) for name in _ENDS}
_end = sa.update(queue).values(next_event | NOBODY | _progress | _new)
_finish = _end.where(*held)
_end_open = _end.where(_key, _at.state.in_(OPEN))
_end_waiting = _end.where(_key, _at.state == "queued")
_overdue = (
    sa.select(_at.key)
    .where(_at.deadline <= sa.bindparam("now"), _at.state == "queued")
    .limit(_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_expired = (
    sa.select(*reads.COLUMNS)
    .where(_at.expires <= sa.bindparam("now"), _at.state.not_in(OPEN))
    .limit(_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_remove = sa.delete(queue).where(_at.key.in_(sa.bindparam("keys", expanding=True)))
_event = queue_events.c
_tell = sa.insert(queue_events).from_select(
    ["job", "number", "at", "event"],
    sa.select(
        _at.key,
        _at.last_event,
        sa.bindparam("now", type_=_event.at.type),
        sa.bindparam("new_event", type_=_event.event.type),
    ).where(_key),
)
_hook = sa.insert(queue_webhooks).from_select(
    ["job", "tries", "due"],
    sa.select(_at.key, sa.literal(0), sa.bindparam("now", type_=queue_webhooks.c.due.type)).where(
        _key, _at.webhook.is_not(None)
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a job ends."""

    state: Ending
    finished: datetime
    expires: datetime
    error: Mapping[str, Any] | None = None
    results: list[Mapping[str, Any]]
    receipt: Mapping[str, Any] | None = None
    units: Mapping[str, float] | None = None

    @classmethod
    def without_result(cls, state: Ending, now: datetime, kept: timedelta, error: dict[str, Any] | None = None) -> End:
        """Of a job that made nothing."""
        return cls(state=state, finished=now, expires=now + kept, error=error, results=[])

    def values(self) -> dict[str, Any]:
        """For the statement."""
        done = {"new_progress": 100 if self.state == "completed" else None}
        return done | {f"new_{name}": getattr(self, name) for name in _ENDS}

    def event(self) -> dict[str, Any]:
        """The job's last event."""
        return {"type": self.state} | ({} if self.error is None else {"error": self.error})


def existing(connection: sa.Connection, job: NewJob) -> QueuedJob | None:
    """The job of that owner and id. Raises JobExists if another thing was asked there."""
    found = reads.one(connection, job.owner, job.id)
    if found is not None and found.digest != job.digest:
        raise JobExists(f"there is a job {job.id!r} already, and it asks for something else", fix="take another id")
    return found


def waiting(connection: sa.Connection, owner: str) -> tuple[int, int]:
    """How many jobs wait: in all, and of the owner."""
    in_all, of_owner = connection.execute(_waiting, {"its_owner": owner}).one()
    return in_all, of_owner


def insert(connection: sa.Connection, job: NewJob, now: datetime) -> tuple[QueuedJob, bool]:
    """Inserts a job, unless somebody else did at this moment."""
    new = {field.name: getattr(job, field.name) for field in fields(NewJob)}
    zero = dict.fromkeys(("attempt", "deaths", "progress", "beat"), 0)
    values = {**new, **zero, "state": "queued", "created": now, "results": [], "last_event": 1}
    made = connection.execute(_insert[connection.dialect.name], values).rowcount > 0
    found = existing(connection, job)
    assert found is not None
    if made:
        tell(connection, found.key, {"type": "queued"}, now)
    return found, made


def record(
    connection: sa.Connection, key: int, attempt: int, event: Mapping[str, Any], progress: int | None, now: datetime
) -> bool:
    """Adds an event to a job that runs."""
    values = {"its_key": key, "its_attempt": attempt, "new_progress": progress}
    done = connection.execute(_record, values).rowcount > 0
    if done:
        tell(connection, key, event, now)
    return done


def requeue(connection: sa.Connection, key: int, attempt: int, now: datetime) -> bool:
    """Puts a job that runs back to those that wait."""
    done = connection.execute(_requeue, {"its_key": key, "its_attempt": attempt}).rowcount > 0
    if done:
        tell(connection, key, {"type": "queued", "again": True}, now)
    return done


def finish(connection: sa.Connection, key: int, attempt: int, end: End) -> bool:
    """Ends a job that runs."""
    done = connection.execute(_finish, {"its_key": key, "its_attempt": attempt, **end.values()}).rowcount > 0
    if done:
        _ended(connection, key, end)
    return done


def cancel(connection: sa.Connection, key: int, now: datetime, kept: timedelta) -> None:
    """Ends a job that waits or runs."""
    end = End.without_result("cancelled", now, kept)
    if connection.execute(_end_open, {"its_key": key, **end.values()}).rowcount > 0:
        _ended(connection, key, end)


def fail_overdue(connection: sa.Connection, now: datetime, kept: timedelta) -> int:
    """Ends the jobs that wait and are too late."""
    error = {"code": "deadline_exceeded", "message": "the job had not begun when its deadline passed"}
    end = End.without_result("failed", now, kept, error)
    keys = list(connection.scalars(_overdue, {"now": now}))
    for key in keys:
        connection.execute(_end_waiting, {"its_key": key, **end.values()})
        _ended(connection, key, end)
    return len(keys)


def expire(connection: sa.Connection, now: datetime) -> list[QueuedJob]:
    """Removes the jobs whose time to be kept is over."""
    gone = [job_of(row) for row in connection.execute(_expired, {"now": now})]
    if gone:
        remove(connection, [job.key for job in gone])
    return gone


def forget(connection: sa.Connection, before: datetime) -> None:
    """Takes the words out of the jobs that ended and were created before a time, and leaves them to :func:`expire`.

    They are not removed here where they have files, which only a server can find by them.
    """
    ended = sa.and_(_at.created < before, _at.state.not_in(OPEN))
    theirs = sa.select(_at.key).where(ended)
    for table in (queue_events, queue_webhooks):
        connection.execute(sa.delete(table).where(table.c.job.in_(theirs)))
    connection.execute(sa.delete(queue).where(ended, sa.cast(_at.results, sa.Text) == "[]"))
    blank: dict[str, Any] = {"request": {}, "digest": "", "webhook": None, "error": None, "receipt": None}
    connection.execute(sa.update(queue).where(ended).values(**blank, expires=datetime.now(UTC)))


def remove(connection: sa.Connection, keys: list[int]) -> None:
    """Deletes jobs and all that hangs on them."""
    connection.execute(_remove, {"keys": keys})


def tell(connection: sa.Connection, key: int, event: Mapping[str, Any], now: datetime) -> None:
    """Writes an event as the job's newest; its number is already in the job."""
    connection.execute(_tell, {"its_key": key, "new_event": event, "now": now})


def _ended(connection: sa.Connection, key: int, end: End) -> None:
    tell(connection, key, end.event(), end.finished)
    connection.execute(_hook, {"its_key": key, "now": end.finished})
