"""Webhooks of jobs that ended, until they are delivered or given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import job_queue_reads as reads
from .job_queue_rows import DueWebhook, WebhookRecord, job_of
from .tables import queue, queue_webhooks

if TYPE_CHECKING:
    from .ledger import Ledger

MOST_TRIES = 10
"""After so many failures a webhook is given up."""
LEASE = timedelta(minutes=2)
"""Who took a webhook and says nothing about it for so long has died: then it is due again."""
LONGEST = timedelta(hours=6)
"""Nothing is put off for longer. What seems to be was written before the clock was set back, and is due now."""
_MOST_CHARS = 500

_at = queue_webhooks.c
_its = _at.job == sa.bindparam("its_key")
_due = (
    sa.select(*reads.COLUMNS, _at.tries)
    .join_from(queue_webhooks, queue)
    .where(sa.or_(_at.due <= sa.bindparam("now"), _at.due > sa.bindparam("never")))
    .order_by(_at.due)
    .limit(sa.bindparam("most"))
    .with_for_update(of=queue_webhooks, skip_locked=True)
)
_lease = (
    sa.update(queue_webhooks)
    .where(_at.job.in_(sa.bindparam("keys", expanding=True)))
    .values(due=sa.bindparam("until", type_=_at.due.type))
)
_delivered = (
    sa.update(queue_webhooks)
    .where(_its)
    .values(tries=_at.tries + 1, due=None, delivered=sa.bindparam("now", type_=_at.due.type), error=None)
)
_tries = sa.select(_at.tries).where(_its, _at.delivered.is_(None))
_failed = (
    sa.update(queue_webhooks)
    .where(_its)
    .values(
        tries=_at.tries + 1,
        due=sa.bindparam("next_at", type_=_at.due.type),
        error=sa.bindparam("what", type_=_at.error.type),
    )
)
_record = sa.select(_at.tries, _at.due, _at.delivered, _at.error).where(_its)


class JobWebhooks:
    """The webhooks of one queue. Every method raises what the methods of :class:`Ledger` raise."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def due(self, now: datetime | None = None, *, limit: int = 20) -> list[DueWebhook]:
        """Takes webhooks that are to be delivered now; no other server gets them for two minutes (``LEASE``).

        So each is delivered at least once: again where a server dies before it says :meth:`delivered`.
        """
        now = now or datetime.now(UTC)
        with self._ledger.open().write() as connection:
            rows = connection.execute(_due, {"now": now, "never": now + LONGEST, "most": limit})
            found = [DueWebhook(job=job_of(row), tries=row.tries) for row in rows]
            if found:
                connection.execute(_lease, {"keys": [hook.job.key for hook in found], "until": now + LEASE})
            return found

    def delivered(self, key: int) -> None:
        """Its target has taken the webhook of that job."""
        with self._ledger.open().write() as connection:
            connection.execute(_delivered, {"its_key": key, "now": datetime.now(UTC)})

    def failed(self, key: int, error: str, next_at: datetime | None) -> bool:
        """Its target has not taken it.

        Args:
            error: what went wrong; kept for the owner to see. next_at: when to try again, at most six hours
                from now (``LONGEST``); None gives it up.

        Returns:
            Whether it will be tried again: not after ``MOST_TRIES`` tries.
        """
        with self._ledger.open().write() as connection:
            tries = connection.scalar(_tries, {"its_key": key})
            again = None
            if next_at is not None and tries is not None and tries + 1 < MOST_TRIES:
                again = min(next_at, datetime.now(UTC) + LONGEST)
            if tries is not None:
                connection.execute(_failed, {"its_key": key, "next_at": again, "what": error[:_MOST_CHARS]})
        return again is not None

    def get(self, key: int) -> WebhookRecord | None:
        """How the delivery of a job's webhook stands; None if the job has none, or has not ended."""
        with self._ledger.open().read() as connection:
            row = connection.execute(_record, {"its_key": key}).first()
        return WebhookRecord(**row._mapping) if row else None
