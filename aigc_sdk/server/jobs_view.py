"""Jobs as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError
from ..ledger.job_queue_rows import QueuedJob, WebhookRecord
from .errors import body_of

_LEVELS = {-1: "low", 0: "normal", 1: "high"}
_TOLD = ("width", "height", "fps", "duration_s", "sample_rate", "finish_reason", "language")
_PLACES = frozenset(["file"])
"""What the queue keeps of a result for the server alone."""


def described(job: QueuedJob, webhook: WebhookRecord | None = None) -> dict[str, Any]:
    """A job as JSON. Neither its prompt nor its files are in it.

    Args:
        webhook: how its delivery stands, once the job has ended.
    """
    return {
        "id": job.id,
        "object": "job",
        "kind": job.kind,
        "modality": job.modality,
        "task": job.task,
        "model": job.model,
        "state": job.state,
        "progress": job.progress,
        "priority": _LEVELS[job.priority],
        "attempt": job.attempt,
        "created_at": _seconds(job.created),
        "started_at": _seconds(job.started),
        "finished_at": _seconds(job.finished),
        "expires_at": _seconds(job.expires),
        "deadline_at": _seconds(job.deadline),
        "error": job.error,
        "results": [_shown(job, index, result) for index, result in enumerate(job.results)],
        "units": job.units,
        "webhook": job.webhook and _delivery(job.webhook, webhook),
    }


def result_of(artifact: Artifact, file: str, size: int) -> dict[str, Any]:
    """What the queue keeps of one result. ``file`` is its name in the job's folder, ``size`` in bytes."""
    receipt = artifact.receipt
    known = {name: getattr(artifact, name) for name in _TOLD if getattr(artifact, name, None) is not None}
    made = {"seed": receipt.seed, "notes": list(receipt.notes), "engine_job": receipt.job} if receipt else {}
    return {"file": file, "media_type": artifact.media_type, "bytes": size, **known, **made}


def error_of(error: AigcError) -> dict[str, str]:
    """``{"code", "message"}``, as the queue keeps it."""
    told = body_of(error)["error"]
    return {"code": told["code"], "message": told["message"]}


def _shown(job: QueuedJob, index: int, result: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in result.items() if name not in _PLACES}
    return {"index": index, "url": f"/v1/jobs/{job.id}/result?index={index}", **kept}


def _delivery(url: str, record: WebhookRecord | None) -> dict[str, Any]:
    if record is None:
        return {"url": url, "state": "waiting", "tries": 0, "error": None}
    ended = "delivered" if record.delivered is not None else "failed"
    state = "waiting" if record.due is not None else ended
    return {"url": url, "state": state, "tries": record.tries, "error": record.error}


def _seconds(when: datetime | None) -> int | None:
    return None if when is None else int(when.timestamp())
