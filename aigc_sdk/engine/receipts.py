"""The receipt of a finished item, and the request that a receipt stands for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._version import __version__
from ..contract.artifacts import Artifact
from ..contract.errors import InvalidRequest
from ..contract.events import Completed
from ..contract.receipt import Energy, Part, Receipt
from ..contract.requests import REQUESTS, Request
from ..contract.runner import Runner
from .job import Job
from .resident import Resident
from .resolve import resolved_options
from .ticket import Ticket
from .versions import versions


def make_receipt(resident: Resident, ticket: Ticket, event: Completed, energy: Energy | None) -> Receipt:
    """The record of one item that has just been completed."""
    request, job = ticket.request, ticket.job
    assert request.seed is not None
    return Receipt(
        job=job.id,
        modality=request.modality,
        task=request.task,
        request=job.request.receipt_view(),
        model=resident.card.id,
        licence=resident.card.licence,
        weights=dict(getattr(resident.runner, "weights", {})),
        plugin=resident.plugin,
        plugin_version=resident.entry.plugin.version,
        sdk_version=__version__,
        libraries=_libraries(resident.runner),
        seed=request.seed,
        options=resolved_options(request),
        plan=resident.plan,
        timings={name: round(seconds, 6) for name, seconds in _timings(job).items()},
        units=_units(event),
        energy=energy,
        rungs=tuple(dict.fromkeys(ticket.rungs)),
        notes=tuple(event.notes),
        parts=tuple(_part(receipt) for receipt in ticket.parts),
        output_sha256=event.artifact.sha256(),
    )


def _part(receipt: Receipt) -> Part:
    return Part(**{name: getattr(receipt, name) for name in Part.model_fields})


def _timings(job: Job) -> dict[str, float]:
    return {"load": 0.0} | job.timings | {"total": time.perf_counter() - job.submitted}


def _units(event: Completed) -> dict[str, float]:
    artifact: Artifact = event.artifact
    measured: dict[str, float] = {}
    if (width := getattr(artifact, "width", None)) and (height := getattr(artifact, "height", None)):
        measured["pixels"] = width * height
    if (frames := getattr(artifact, "frames", None)) is not None:
        measured["frames"] = frames
    elif (seconds := getattr(artifact, "duration_s", None)) is not None:
        measured["audio_seconds"] = seconds
    return measured | event.units


def _libraries(runner: Runner | None) -> dict[str, str]:
    # An isolated runner's libraries are those of its own environment.
    isolated: dict[str, str] | None = getattr(runner, "versions", None)
    return dict(isolated if isolated is not None else versions(tuple(getattr(runner, "libraries", ()))))


def request_of(receipt: Receipt) -> Request:
    """The request that makes the receipt's artifact again: same model, runner and seed.

    Raises:
        InvalidRequest: the receipt holds media by their hash only, or no prompt because it was redacted.
    """
    values: Mapping[str, Any] = receipt.request
    if hashed := [n for n, v in values.items() if isinstance(v, dict) and set(v) == {"sha256"}]:
        what = f"the receipt names {', '.join(hashed)} by hash only"
        raise InvalidRequest(what, fix="make the request again with the original file")
    # The task as well: a request that named none may have got another one than its type's default.
    fixed = {"task": receipt.task, "model": receipt.model, "runner": receipt.plan.runner, "seed": receipt.seed}
    return REQUESTS[receipt.modality](**{**values, **fixed})
