"""What the ledger gives out: entries and totals. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["queued", "running", "completed", "failed", "cancelled", "interrupted"]
"""``interrupted`` is not stored: it is a job that was queued or running in a process that has died since."""
GroupBy = Literal["model", "modality", "day"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One job.

    Attributes:
        created, finished: UTC.
        prompt: None unless the ledger stores prompts; then with secrets taken out.
        error_code, error: of a job that failed, such as ``out_of_memory``.
        timings: seconds, as in the receipt. units: what was counted. joules: energy, by ``energy_method``.
        receipt: as JSON, without prompt unless those are stored; only where one job is asked for, and in exports.
    """

    id: str
    created: datetime
    modality: str
    task: str
    model: str
    plugin: str
    state: State
    seed: int | None = None
    prompt: str | None = None
    finished: datetime | None = None
    error_code: str | None = None
    error: str | None = None
    timings: dict[str, float] = field(default_factory=dict)
    units: dict[str, float] = field(default_factory=dict)
    joules: float | None = None
    energy_method: str | None = None
    receipt: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; times in ISO 8601."""
        fields = asdict(self)
        for name in ("created", "finished"):
            fields[name] = fields[name] and fields[name].isoformat()
        return fields


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over the jobs of one group.

    Attributes:
        key: the model, the modality, or the day (``2026-11-22``, UTC).
        jobs: all of them. completed, failed, cancelled: how they ended.
        seconds: from submission to the end, added up. joules: None if none was measured.
    """

    key: str
    jobs: int
    completed: int
    failed: int
    cancelled: int
    seconds: float
    units: dict[str, float] = field(default_factory=dict)
    joules: float | None = None
