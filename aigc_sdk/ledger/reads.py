"""What is read: entries page by page, and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa

from .entries import Entry, GroupBy, State, Total
from .owner import Owner
from .tables import energy, jobs, receipts, units

_PAGE = 500
_OPEN = ("queued", "running")


def conditions(
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    model: str | None = None,
    modality: str | None = None,
    prefix: str | None = None,
) -> list[sa.ColumnElement[bool]]:
    """What jobs must satisfy: created from ``since`` on and before ``before``, an id that begins with ``prefix``."""
    found: list[sa.ColumnElement[bool]] = []
    if since is not None:
        found.append(jobs.c.created >= since.astimezone(UTC))
    if before is not None:
        found.append(jobs.c.created < before.astimezone(UTC))
    if model is not None:
        found.append(jobs.c.model == model)
    if modality is not None:
        found.append(jobs.c.modality == modality)
    if prefix is not None:
        found.append(jobs.c.id.startswith(prefix, autoescape=True))
    return found


def entries(
    connection: sa.Connection,
    *where: sa.ColumnElement[bool],
    state: State | None = None,
    limit: int | None = None,
    with_receipts: bool = False,
) -> Iterator[Entry]:
    """Jobs, newest first, read a page at a time."""
    wanted = [*where, *_by_state(state)]
    given = 0
    last: tuple[datetime, str] | None = None
    while limit is None or given < limit:
        size = _PAGE if limit is None or state in (*_OPEN, "interrupted") else min(_PAGE, limit - given)
        page = _page(connection, wanted, last, size)
        for entry in _filled(connection, page, with_receipts):
            if (state is None or entry.state == state) and (limit is None or given < limit):
                given += 1
                yield entry
        if len(page) < size:
            return
        last = (page[-1].created, page[-1].id)


def _by_state(state: State | None) -> list[sa.ColumnElement[bool]]:
    """Whether an open job was interrupted is not in the database: those are told apart afterwards."""
    if state is None:
        return []
    if state in (*_OPEN, "interrupted"):
        return [jobs.c.state.in_(_OPEN if state == "interrupted" else [state])]
    return [jobs.c.state == state]


def _page(
    connection: sa.Connection, where: list[sa.ColumnElement[bool]], after: tuple[datetime, str] | None, size: int
) -> Sequence[sa.Row[Any]]:
    query = (
        sa.select(jobs, energy.c.joules, energy.c.method)
        .outerjoin(energy, energy.c.job == jobs.c.id)
        .where(*where)
        .order_by(jobs.c.created.desc(), jobs.c.id.desc())
        .limit(size)
    )
    if after is not None:
        moment, job = after
        query = query.where((jobs.c.created < moment) | ((jobs.c.created == moment) & (jobs.c.id < job)))
    return connection.execute(query).all()


def _filled(connection: sa.Connection, rows: Sequence[sa.Row[Any]], with_receipts: bool) -> Iterator[Entry]:
    ids = [row.id for row in rows]
    counted: dict[str, dict[str, float]] = {}
    for job, unit, amount in connection.execute(sa.select(units).where(units.c.job.in_(ids))):
        counted.setdefault(job, {})[unit] = amount
    kept: dict[str, dict[str, Any]] = {}
    if with_receipts:
        kept = {row.job: row.receipt for row in connection.execute(sa.select(receipts).where(receipts.c.job.in_(ids)))}
    for row in rows:
        yield Entry(
            id=row.id,
            created=row.created,
            modality=row.modality,
            task=row.task,
            model=row.model,
            plugin=row.plugin,
            state=_state(row),
            seed=row.seed,
            prompt=row.prompt,
            finished=row.finished,
            error_code=row.error_code,
            error=row.error,
            timings=row.timings or {},
            units=counted.get(row.id, {}),
            joules=row.joules,
            energy_method=row.method,
            receipt=kept.get(row.id),
        )


def _state(row: sa.Row[Any]) -> State:
    if row.state in _OPEN and Owner(row.host, row.boot, row.pid, row.process_started).is_dead():
        return "interrupted"
    return cast(State, row.state)


def totals(connection: sa.Connection, group_by: GroupBy, *where: sa.ColumnElement[bool]) -> list[Total]:
    """Sums per group: days in order, others by the number of jobs."""
    key = (sa.func.date(jobs.c.created) if group_by == "day" else jobs.c[group_by]).label("key")
    ended = {name: sa.func.count().filter(jobs.c.state == name) for name in ("completed", "failed", "cancelled")}
    sums = sa.select(key, sa.func.count(), sa.func.sum(jobs.c.seconds), sa.func.sum(energy.c.joules), *ended.values())
    rows = connection.execute(
        sums.select_from(jobs.outerjoin(energy, energy.c.job == jobs.c.id)).where(*where).group_by(key)
    )
    counted: dict[str, dict[str, float]] = {}
    by_unit = sa.select(key, units.c.unit, sa.func.sum(units.c.amount)).join_from(units, jobs).where(*where)
    for group, unit, amount in connection.execute(by_unit.group_by(key, units.c.unit)):
        counted.setdefault(str(group), {})[unit] = amount
    found = [
        Total(str(group), count, done, failed, cancelled, seconds or 0.0, counted.get(str(group), {}), joules)
        for group, count, seconds, joules, done, failed, cancelled in rows
    ]
    return sorted(found, key=lambda total: total.key if group_by == "day" else (-total.jobs, total.key))
