"""Requests and receipts to record. Imported by the processes that tests start, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.receipt import Receipt
from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.ledger import Ledger
from aigc_sdk.ledger.job_queue import JobQueue, NewJob, QueuedJob

PLAN = Plan(
    model="small",
    runner="onnx",
    device="cpu",
    device_kind="cpu",
    device_name="a CPU",
    dtype="int8",
    threads=2,
    bytes_needed=10,
    bytes_free=20,
)
REQUEST = TextRequest(prompt="Write a tagline for a red mug", system="You sell mugs", seed=7)


def receipt(job: str, **fields: Any) -> Receipt:
    usual: dict[str, Any] = {
        "job": job,
        "modality": "text",
        "task": "chat",
        "request": REQUEST.receipt_view(),
        "model": "small",
        "licence": "MIT",
        "weights": {"model.onnx": "41" * 32},
        "plugin": "some",
        "plugin_version": "1",
        "sdk_version": "1",
        "seed": 7,
        "options": {"temperature": 0.5, "max_tokens": 64},
        "plan": PLAN,
        "timings": {"queued": 0.25, "run": 1.5, "total": 2.0},
        "units": {"input_tokens": 10, "output_tokens": 20},
        "output_sha256": "5" * 64,
    }
    return Receipt(**(usual | fields))


def queue(ledger: Ledger, job: str, *, model: str = "small", request: TextRequest = REQUEST) -> None:
    ledger.record_queued(job, request, model, "some")


def complete(ledger: Ledger, job: str, *, model: str = "small", **fields: Any) -> None:
    queue(ledger, job, model=model)
    ledger.record_finished(receipt(job, model=model, **fields))


def new_job(id: str, owner: str = "ada", **fields: Any) -> NewJob:
    usual: dict[str, Any] = {
        "kind": "job",
        "modality": "text",
        "task": "chat",
        "model": "small",
        "request": {"prompt": "Write a tagline for a red mug"},
        "digest": "d" * 64,
    }
    return NewJob(id=id, owner=owner, **(usual | fields))


def add(queue: JobQueue, id: str, owner: str = "ada", **fields: Any) -> QueuedJob:
    job, made = queue.add(new_job(id, owner, **fields), most=1000, most_of_owner=1000)
    assert made
    return job


def run(queue: JobQueue, **fields: Any) -> QueuedJob:
    """Runs the next job to its end."""
    (job,) = queue.claim(1)
    assert queue.finish(job.key, job.attempt, "completed", **fields)
    return job


def clock(jump: timedelta) -> type[datetime]:
    """A stand-in for ``datetime`` whose clock was set."""

    class Jumped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + jump

    return Jumped
