"""``/v1/jobs``: work that is left with the server, and outlives connections and servers."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from ..engine.job import new_id
from ..ledger.job_queue_rows import QueuedJob, QueueState
from .jobs_events import EventStream
from .jobs_schema import JobBody, body_schema, read_body
from .jobs_store import Jobs, Wish
from .jobs_view import described
from .keys import Caller
from .refused import Refused
from .run_jobs import seeds_of
from .sse import EVENTS
from .state import state_of

router = APIRouter()

JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$")]
"""Chosen by the client, or by us."""
_LARGE = 1 << 20
_NEWEST = 1 << 53


@router.post("/v1/jobs", status_code=202, openapi_extra=body_schema())
async def create(http: Request) -> Response:
    """Leaves a job with the server."""
    return await _taken(http, f"job_{new_id()}")


@router.put("/v1/jobs/{job_id}", status_code=202, openapi_extra=body_schema())
async def put(job_id: JobId, http: Request) -> Response:
    """Leaves a job with the server under an id of the client's: asked again, it is the same job."""
    return await _taken(http, job_id)


@router.get("/v1/jobs")
async def list_jobs(
    http: Request,
    after: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
    state: QueueState | None = None,
) -> dict[str, Any]:
    """The caller's jobs."""
    jobs, caller = _jobs(http)
    found = await jobs.page(caller.name, after=after, limit=limit, newest_first=order == "desc", state=state)
    return page(found, [described(job) for job in found], limit)


@router.get("/v1/jobs/{job_id}")
async def retrieve(job_id: JobId, http: Request) -> dict[str, Any]:
    """One job, and how the delivery of its webhook stands."""
    jobs, caller = _jobs(http)
    job = await jobs.get(caller.name, job_id)
    webhooks = jobs.calls.queue.webhooks
    record = await jobs.calls.read_for_client(webhooks.get, job.key) if job.webhook and job.has_ended else None
    return described(job, record)


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=EventStream,
    status_code=200,  # FastAPI's description of the API looks for it, and finds none in the class
    responses={200: {"content": {EVENTS: {}}}},
)
async def events(
    job_id: JobId,
    http: Request,
    last_event_id: Annotated[int | None, Header(ge=0, le=_NEWEST)] = None,
) -> Response:
    """What happens to it, as it happens. Goes on behind the event ``Last-Event-ID``."""
    jobs, caller = _jobs(http)
    job = await jobs.get(caller.name, job_id)
    after = last_event_id or 0
    if job.has_ended and after >= job.last_event:
        return Response(status_code=204)  # by which browsers know that they need not come again
    return EventStream(jobs.watcher, jobs.calls, job, caller, after)


@router.get("/v1/jobs/{job_id}/result", response_class=FileResponse)
async def result(job_id: JobId, http: Request, index: Annotated[int, Query(ge=0, le=1000)] = 0) -> Response:
    """What was made, or the range of it that is asked for; ``index`` of several variants."""
    return await _sent(http, job_id, index, receipt=False)


@router.get("/v1/jobs/{job_id}/receipt", response_class=FileResponse)
async def receipt(job_id: JobId, http: Request, index: Annotated[int, Query(ge=0, le=1000)] = 0) -> Response:
    """The record of how it was made."""
    return await _sent(http, job_id, index, receipt=True)


@router.post("/v1/jobs/{job_id}/cancel")
async def cancel(job_id: JobId, http: Request) -> dict[str, Any]:
    """Ends one that waits or runs; one that has ended stays as it is."""
    jobs, caller = _jobs(http)
    return described(await jobs.cancel(caller.name, job_id))


@router.delete("/v1/jobs/{job_id}")
async def delete(job_id: JobId, http: Request) -> dict[str, Any]:
    """Removes one and what it made; one that runs is cancelled."""
    jobs, caller = _jobs(http)
    await jobs.delete(await jobs.get(caller.name, job_id))
    return {"id": job_id, "object": "job.deleted", "deleted": True}


def page(found: list[QueuedJob], shown: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A list in OpenAI's shape, of one more than the ``limit`` if there are more."""
    ids = [job.id for job in found[:limit]]
    return {
        "object": "list",
        "data": shown[:limit],
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": len(found) > limit,
    }


async def _taken(http: Request, id: str) -> Response:
    jobs, caller = _jobs(http)
    body = await _read(http)
    request = body.request()
    wish = Wish(
        id=id,
        kind="job",
        request=request,
        digest=body.digest(),
        files=body.files,
        seeds=seeds_of(request.seed, body.n),
        priority=body.level,
        webhook=body.webhook.url if body.webhook else None,
    )
    job, made_now = await jobs.add(wish, caller)
    return JSONResponse(described(job), 202 if made_now else 200, {"Location": f"/v1/jobs/{job.id}"})


async def _read(http: Request) -> JobBody:
    content = await http.body()
    try:
        # A large one would hold up everybody else.
        values = json.loads(content) if len(content) < _LARGE else await asyncio.to_thread(json.loads, content)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_request_error", "the body is not JSON", code="invalid_json") from None
    return read_body(values) if len(content) < _LARGE else await asyncio.to_thread(read_body, values)


async def _sent(http: Request, id: str, index: int, *, receipt: bool) -> Response:
    jobs, caller = _jobs(http)
    job = await jobs.get(caller.name, id)
    if job.state != "completed":
        why = f": {job.error['message']}" if job.error else ""
        what = f"the job is {job.state}{why}"
        code = f"job_{job.state}" if job.has_ended else "job_not_ready"
        fix = None if job.has_ended else "ask again later, or follow its events"
        raise Refused(409, "invalid_request_error", what, code=code, fix=fix)
    if index >= len(job.results):
        what = f"index: this job has {len(job.results)} results, counted from 0"
        raise Refused(404, "invalid_request_error", what, code="not_found", param="index")
    made = job.results[index]
    name, media_type = made["file"], made["media_type"]
    if receipt:
        name, media_type = f"{name}.receipt.json", "application/json"
    path = await jobs.file(job, name)
    return FileResponse(path, media_type=media_type, filename=f"{job.id}-{index}{''.join(path.suffixes)}")


def _jobs(http: Request) -> tuple[Jobs, Caller]:
    state = state_of(http)
    return state.jobs, state.caller(http)
