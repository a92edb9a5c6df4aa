"""What was published where, who is publishing it, and which of its steps are done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..contract.errors import InvalidRequest, WriteConflict
from . import owner

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .ledger import Ledger

_UNSEEN_IS_DEAD_AFTER = timedelta(hours=1)
"""Whether a process of another machine or container lives cannot be seen from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationRecord:
    """One content at one target.

    Attributes:
        content: the content's id. digest: of what was published last; None if it never was. created, updated: UTC.
    """

    key: str
    target: str
    adapter: str
    content: str
    title: str
    digest: str | None = None
    state: str | None = None
    ids: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    created: datetime
    updated: datetime


class Publications:
    """The ledger's publications. Every method raises what the methods of :class:`Ledger` raise."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # --- the whole ------------------------------------------------------------------------------------------------

    def get(self, key: str) -> PublicationRecord | None:
        """One publication."""
        import sqlalchemy as sa

        from .tables import publications

        with self._ledger.open().read() as connection:
            row = connection.execute(sa.select(publications).where(publications.c.key == key)).first()
        return _record(row) if row else None

    def query(self, *, target: str | None = None, limit: int | None = 50) -> list[PublicationRecord]:
        """Publications that the target has or had, the last changed first."""
        import sqlalchemy as sa

        from .tables import publications

        query = sa.select(publications).where(publications.c.digest.is_not(None))
        if target is not None:
            query = query.where(publications.c.target == target)
        with self._ledger.open().read() as connection:
            rows = connection.execute(query.order_by(publications.c.updated.desc(), publications.c.key).limit(limit))
            return [_record(row) for row in rows]

    @contextlib.contextmanager
    def claimed(self, key: str, *, target: str, adapter: str, content: str, title: str) -> Iterator[PublicationRecord]:
        """Holds a key for this process, so that nobody else publishes it; gives what is known of it.

        Raises:
            WriteConflict: another process that lives, or another thread, holds it.
        """
        now = datetime.now(UTC)
        new = {"key": key, "target": target, "adapter": adapter, "content": content, "title": title}
        with self._ledger.open().write() as connection:
            _insert_absent(connection, {**new, "ids": {}, "links": {}, "created": now, "updated": now})
            record = _claim(connection, key, now)
        try:
            yield record
        finally:
            with self._ledger.open().write() as connection:
                _release(connection, key)

    def record(
        self, key: str, *, title: str, digest: str, state: str, ids: dict[str, str], links: dict[str, str]
    ) -> None:
        """Records what the target has now."""
        import sqlalchemy as sa

        from .tables import publications

        values = {"title": title, "digest": digest, "state": state, "ids": ids, "links": links}
        with self._ledger.open().write() as connection:
            changed = sa.update(publications).where(publications.c.key == key)
            connection.execute(changed.values(**values, updated=datetime.now(UTC)))

    # --- its steps ------------------------------------------------------------------------------------------------

    def step(self, key: str, step: str) -> tuple[bool, dict[str, Any] | None]:
        """Whether a step was begun, and its result if it is done."""
        import sqlalchemy as sa

        from .tables import publication_steps as steps

        query = sa.select(steps.c.result).where(steps.c.publication == key, steps.c.step == step)
        with self._ledger.open().read() as connection:
            row = connection.execute(query).first()
        return (False, None) if row is None else (True, row.result)

    def steps_done(self, key: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        """The results of the steps that are done and begin so, in the order in which they were begun."""
        return {step: result for step, result in self._steps(key, prefix) if result is not None}

    def steps_unfinished(self, key: str, prefix: str = "") -> list[str]:
        """The steps that were begun and have no result, that begin so, in the order in which they were begun."""
        return [step for step, result in self._steps(key, prefix) if result is None]

    def _steps(self, key: str, prefix: str) -> list[tuple[str, dict[str, Any] | None]]:
        import sqlalchemy as sa

        from .tables import publication_steps as steps

        query = sa.select(steps).where(steps.c.publication == key).order_by(steps.c.begun)
        with self._ledger.open().read() as connection:
            rows = connection.execute(query.where(steps.c.step.startswith(prefix, autoescape=True)))
            return [(row.step, row.result) for row in rows]

    def begin_step(self, key: str, step: str) -> None:
        """Records that a step is about to be done. Committed before it is, so that a kill in between is seen."""
        import sqlalchemy as sa

        from .tables import publication_steps as steps

        with self._ledger.open().write() as connection:
            connection.execute(sa.delete(steps).where(steps.c.publication == key, steps.c.step == step))
            values = {"publication": key, "step": step, "begun": datetime.now(UTC), "result": None}
            connection.execute(sa.insert(steps).values(**values))

    def finish_step(self, key: str, step: str, result: dict[str, Any]) -> None:
        """Records what a step gave."""
        import sqlalchemy as sa

        from .tables import publication_steps as steps

        with self._ledger.open().write() as connection:
            done = sa.update(steps).where(steps.c.publication == key, steps.c.step == step)
            connection.execute(done.values(result=result))

    def forget_steps(self, key: str, step: str | None = None) -> None:
        """Forgets one step that certainly was not done; or all, once what they made has been taken back."""
        import sqlalchemy as sa

        from .tables import publication_steps as steps

        with self._ledger.open().write() as connection:
            gone = sa.delete(steps).where(steps.c.publication == key)
            connection.execute(gone if step is None else gone.where(steps.c.step == step))


def find_publication(publications: Publications, prefix: str) -> PublicationRecord:
    """One publication by the beginning of its key.

    Raises:
        InvalidRequest: none, or more than one, begins so.
    """
    found = [record for record in publications.query(limit=None) if prefix and record.key.startswith(prefix)]
    if len(found) != 1:
        what = "no publication begins" if not found else f"{len(found)} publications begin"
        raise InvalidRequest(f"{what} with {prefix!r}", fix="`aigc publications` lists them")
    return found[0]


def _insert_absent(connection: sa.Connection, values: dict[str, Any]) -> None:
    from sqlalchemy.dialects import postgresql, sqlite

    from .tables import publications

    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(publications).values(**values).on_conflict_do_nothing())


def _claim(connection: sa.Connection, key: str, now: datetime) -> PublicationRecord:
    import sqlalchemy as sa

    from .tables import publications

    row = connection.execute(sa.select(publications).where(publications.c.key == key).with_for_update()).one()
    if row.claimed is not None and not _is_over(row, now):
        what = f"{row.title!r} is being published to {row.target} by process {row.pid} on {row.host}"
        raise WriteConflict(what, fix="wait until it has ended")
    me = owner.current()
    mine = {"claimed": now, "host": me.host, "boot": me.boot, "pid": me.pid, "process_started": me.started}
    connection.execute(sa.update(publications).where(publications.c.key == key).values(**mine))
    return _record(row)


def _is_over(row: Any, now: datetime) -> bool:
    holder, here = owner.Owner(row.host, row.boot, row.pid, row.process_started), owner.current()
    unseen = (holder.host, holder.boot) != (here.host, here.boot)
    return holder.is_dead() or (unseen and now - row.claimed > _UNSEEN_IS_DEAD_AFTER)


def _release(connection: sa.Connection, key: str) -> None:
    import sqlalchemy as sa

    from .tables import publications

    me, at = owner.current(), publications.c
    # Another process may have taken it over meanwhile.
    mine = sa.and_(at.key == key, at.host == me.host, at.boot == me.boot, at.pid == me.pid)
    nobody = dict.fromkeys(("claimed", "host", "boot", "pid", "process_started"))
    connection.execute(sa.update(publications).where(mine).values(**nobody))


def _record(row: Any) -> PublicationRecord:
    return PublicationRecord(**{name: getattr(row, name) for name in PublicationRecord.__slots__})
