"""The tables. A change here needs a migration beside it (``migrations/versions``), which a test checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
}
metadata = MetaData(naming_convention=_NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept as UTC without an offset, so that SQLite compares and groups it as PostgreSQL does."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created", UtcDateTime, nullable=False),
    Column("finished", UtcDateTime),
    Column("modality", String(16), nullable=False),
    Column("task", String(64), nullable=False),
    Column("model", String(200), nullable=False),
    Column("plugin", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("seed", BigInteger),
    Column("prompt", Text),
    Column("error_code", String(64)),
    Column("error", Text),
    Column("seconds", Float),
    Column("timings", JSON),
    # Who runs it, to tell a job that runs from one whose process has died.
    Column("host", String(255), nullable=False),
    Column("boot", String(128), nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("process_started", String(32), nullable=False),
    Index(None, "created"),
    Index(None, "model", "created"),
    Index(None, "modality", "created"),
    Index(None, "state", "created"),
)


def _job() -> Column[str]:
    return Column("job", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)


receipts = Table("receipts", metadata, _job(), Column("receipt", JSON, nullable=False))

units = Table(
    "units", metadata, _job(), Column("unit", String(64), primary_key=True), Column("amount", Float, nullable=False)
)

energy = Table(
    "energy", metadata, _job(), Column("joules", Float, nullable=False), Column("method", String(64), nullable=False)
)

publications = Table(
    "publications",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("target", String(100), nullable=False),
    Column("adapter", String(100), nullable=False),
    Column("content", Text, nullable=False),
    Column("title", Text, nullable=False),
    # Of what was published last, and how; null until it is.
    Column("digest", String(64)),
    Column("state", String(16)),
    Column("ids", JSON, nullable=False),
    Column("links", JSON, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("updated", UtcDateTime, nullable=False),
    # Who is publishing it at this moment; null if nobody is.
    Column("claimed", UtcDateTime),
    Column("host", String(255)),
    Column("boot", String(128)),
    Column("pid", BigInteger),
    Column("process_started", String(32)),
    Index(None, "target", "updated"),
)

publication_steps = Table(
    "publication_steps",
    metadata,
    Column("publication", String(64), ForeignKey("publications.key", ondelete="CASCADE"), primary_key=True),
    Column("step", String(200), primary_key=True),
    Column("begun", UtcDateTime, nullable=False),
    # SQL's null while nobody knows whether it was done.
    Column("result", JSON(none_as_null=True)),
)

# A number that is never used again: SQLite counts so in its INTEGER only, and only when told to.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")

# Jobs that clients left with a server. Those that the engine runs for them are in `jobs` as all others are.
queue = Table(
    "queue",
    metadata,
    Column("key", _SERIAL, primary_key=True, autoincrement=True),
    Column("id", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("task", String(64), nullable=False),
    Column("model", String(200), nullable=False),
    Column("request", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("deadline", UtcDateTime),
    Column("webhook", Text),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("started", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("expires", UtcDateTime),
    Column("error", JSON(none_as_null=True)),
    Column("results", JSON, nullable=False),
    Column("receipt", JSON(none_as_null=True)),
    Column("units", JSON(none_as_null=True)),
    Column("last_event", Integer, nullable=False),
    # The process that runs it; null if none does. `beat` counts up while it is at work.
    Column("host", String(255)),
    Column("boot", String(128)),
    Column("pid", BigInteger),
    Column("process_started", String(32)),
    Column("beat", BigInteger, nullable=False),
    Index(None, "owner", "id", unique=True),
    Index(None, "owner", "key"),
    Index(None, "state", "priority", "owner", "key"),
    Index(None, "deadline"),
    Index(None, "expires"),
    sqlite_autoincrement=True,
)


def _queued() -> Column[int]:
    return Column("job", _SERIAL, ForeignKey("queue.key", ondelete="CASCADE"), primary_key=True, autoincrement=False)


queue_events = Table(
    "queue_events",
    metadata,
    _queued(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("event", JSON, nullable=False),
)

queue_webhooks = Table(
    "queue_webhooks",
    metadata,
    _queued(),
    Column("tries", Integer, nullable=False),
    # When it is to be tried; null once it was delivered or given up.
    Column("due", UtcDateTime),
    Column("delivered", UtcDateTime),
    Column("error", Text),
    Index(None, "due"),
)
