"""What goes into the queue and what it gives out. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

QueueState = Literal["queued", "running", "completed", "failed", "cancelled"]
Ending = Literal["completed", "failed", "cancelled"]
OPEN: tuple[QueueState, ...] = ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be queued.

    Attributes:
        id: unique among those of its owner, at most 200 characters.
        kind: by which endpoint it came: ``job`` or ``video``.
        request: JSON, which the queue keeps and does not look into.
        digest: sha256 of what is asked. The same id with another digest is a conflict.
        priority: -1, 0 or 1; higher goes first.
        deadline: fails if it has not begun by then (UTC).
        webhook: URL that is told how it ended.
    """

    id: str
    owner: str
    kind: str
    modality: str
    task: str
    model: str
    request: dict[str, Any]
    digest: str
    priority: int = 0
    deadline: datetime | None = None
    webhook: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob(NewJob):
    """A job as the queue has it.

    Attributes:
        key: names it in the whole database. Never used again, also not for the same id after a deletion.
        attempt: how often it was begun. What a process writes about a job is taken only from the latest attempt.
        deaths: how many processes died while they ran it.
        progress: 0 to 100, of this attempt.
        created, started, finished, expires: UTC; ``started`` is of this attempt.
        error: ``{"code", "message", ...}`` if it failed. results: of each file, its name, media type, size, sha256, ...
        last_event: number of its newest event; the first is 1.
    """

    key: int
    state: QueueState
    attempt: int = 0
    deaths: int = 0
    progress: int = 0
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    expires: datetime | None = None
    error: dict[str, Any] | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    receipt: dict[str, Any] | None = None
    units: dict[str, float] | None = None
    last_event: int = 0

    @property
    def has_ended(self) -> bool:
        """True if nothing of it changes any more."""
        return self.state not in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWebhook:
    """A webhook to be delivered now.

    Attributes:
        job: as it ended. tries: how many were made before.
    """

    job: QueuedJob
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRecord:
    """How the delivery of a job's webhook stands.

    Attributes:
        due: when it is tried next; None once it was delivered or given up (UTC). error: of the last try.
    """

    tries: int
    due: datetime | None
    delivered: datetime | None
    error: str | None


FIELDS = tuple(f.name for f in fields(QueuedJob))
"""The columns of the table ``queue`` that are given out."""


def job_of(row: Any) -> QueuedJob:
    """A row of the table ``queue``, with at least the columns ``FIELDS``."""
    return QueuedJob(**{name: getattr(row, name) for name in FIELDS})
