"""What is read from the queue. Statements are built once, so that SQLAlchemy compiles them once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from .job_queue_rows import FIELDS, QueuedJob, QueueState, job_of
from .tables import queue, queue_events

COLUMNS = [queue.c[name] for name in FIELDS]
_named = (queue.c.owner == sa.bindparam("its_owner"), queue.c.id == sa.bindparam("its_id"))
_one = sa.select(*COLUMNS).where(*_named)
_one_locked = _one.with_for_update()
_key = sa.select(queue.c.key).where(*_named)
_events = (
    sa.select(queue_events.c.number, queue_events.c.at, queue_events.c.event)
    .where(queue_events.c.job == sa.bindparam("key"), queue_events.c.number > sa.bindparam("seen"))
    .order_by(queue_events.c.number)
    .limit(sa.bindparam("most"))
)
# What was seen comes as one JSON object: a thousand parameters would take four times as long.
_CHANGED = """
SELECT CAST(seen.key AS BIGINT) FROM {each} AS seen LEFT JOIN queue ON queue."key" = CAST(seen.key AS BIGINT)
WHERE queue."key" IS NULL OR queue.last_event > CAST(seen.value AS INTEGER)
"""
_changed = {
    "sqlite": sa.text(_CHANGED.format(each="json_each(:seen)")),
    "postgresql": sa.text(_CHANGED.format(each="json_each_text(CAST(:seen AS JSON))")),
}
_counts = sa.select(queue.c.state, sa.func.count().label("jobs")).group_by(queue.c.state)
_counts_of_owner = _counts.where(queue.c.owner == sa.bindparam("its_owner"))


def one(connection: sa.Connection, owner: str, id: str, *, lock: bool = False) -> QueuedJob | None:
    """An owner's job of that id."""
    row = connection.execute(_one_locked if lock else _one, {"its_owner": owner, "its_id": id}).first()
    return job_of(row) if row else None


def key_of(connection: sa.Connection, owner: str, id: str) -> int | None:
    """The key of an owner's job."""
    key: int | None = connection.scalar(_key, {"its_owner": owner, "its_id": id})
    return key


def many(
    connection: sa.Connection,
    owner: str,
    kind: str | None,
    states: list[QueueState],
    start: int | None,
    limit: int,
    newest_first: bool,
) -> list[QueuedJob]:
    """An owner's jobs, behind the key ``start``."""
    at = queue.c
    query = sa.select(*COLUMNS).where(at.owner == owner)
    if kind is not None:
        query = query.where(at.kind == kind)
    if states:
        query = query.where(at.state.in_(states))
    if start is not None:
        query = query.where(at.key < start if newest_first else at.key > start)
    rows = connection.execute(query.order_by(at.key.desc() if newest_first else at.key).limit(limit))
    return [job_of(row) for row in rows]


def events(connection: sa.Connection, key: int, seen: int, most: int) -> list[tuple[int, datetime, dict[str, Any]]]:
    """The events behind number ``seen``."""
    rows = connection.execute(_events, {"key": key, "seen": seen, "most": most})
    return [(row.number, row.at, row.event) for row in rows]


def changed(connection: sa.Connection, seen: Mapping[int, int]) -> set[int]:
    """The keys of the jobs that are gone, or have newer events than the one seen."""
    return set(connection.scalars(_changed[connection.dialect.name], {"seen": json.dumps(seen)}))


def counts(connection: sa.Connection, owner: str | None) -> dict[QueueState, int]:
    """Jobs by state."""
    query = _counts if owner is None else _counts_of_owner
    rows = connection.execute(query, {} if owner is None else {"its_owner": owner})
    return {row.state: row.jobs for row in rows}
