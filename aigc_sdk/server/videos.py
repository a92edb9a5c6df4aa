"""``/v1/videos``: asked for, looked after, fetched, deleted. A video is a durable job."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from ..contract.requests import Media, VideoRequest
from ..engine.job import new_id
from ..ledger.job_queue_rows import QueuedJob
from .forms import Files, form_schema, is_form, read_form, the_file, validated
from .images_schema import sides
from .jobs import page
from .jobs_store import Jobs, Wish
from .keys import Caller
from .refused import Refused
from .state import state_of
from .videos_schema import STATUS, Reference, VideoBody, video_of

router = APIRouter()
_FILES = ("input_reference",)
_POLL_MS = "500"


def _schema() -> dict[str, Any]:
    schema = form_schema(VideoBody, (), ())
    content = schema["requestBody"]["content"]
    content["application/json"] = content["multipart/form-data"]
    return schema


@router.post("/v1/videos", openapi_extra=_schema())
async def create(http: Request) -> Response:
    """Begins a video."""
    body, files = await _read(http)
    jobs, caller = _jobs(http)
    await _require_room(http)
    picture = _picture(body.input_reference, files)
    request = _request(body, picture)
    name = f"video_{new_id()}"
    media = {"image": picture.data} if picture is not None and picture.data is not None else {}
    wish = Wish(id=name, kind="video", request=request, digest=name, files=media, seeds=[body.seed])
    job, _ = await jobs.add(wish, caller)
    headers = {"X-Aigc-Job": job.id}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    return JSONResponse(video_of(job), headers=headers)


@router.get("/v1/videos")
async def list_videos(
    http: Request,
    after: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """The caller's videos."""
    jobs, caller = _jobs(http)
    if after is not None:
        await _get(http, after)
    found = await jobs.page(caller.name, kind="video", after=after, limit=limit, newest_first=order == "desc")
    return page(found, [video_of(job) for job in found], limit)


@router.get("/v1/videos/{video_id}")
async def retrieve(video_id: str, http: Request) -> JSONResponse:
    """How far one is."""
    return JSONResponse(video_of(await _get(http, video_id)), headers={"openai-poll-after-ms": _POLL_MS})


@router.get("/v1/videos/{video_id}/content", response_class=FileResponse)
async def content(video_id: str, http: Request, variant: Literal["video"] = "video") -> Response:
    """Its file, or the range of it that is asked for."""
    jobs, _ = _jobs(http)
    job = await _get(http, video_id)
    if error := video_of(job)["error"]:
        what = f"the video failed: {error['message']}"
        raise Refused(400, "invalid_request_error", what, code="video_failed")
    if job.state != "completed":
        what = f"the video is {STATUS[job.state].replace('_', ' ')}: {job.progress}% are done"
        raise Refused(400, "invalid_request_error", what, code="video_not_ready", fix="ask again later")
    (made,) = job.results
    path = await jobs.file(job, made["file"])
    return FileResponse(path, media_type=made["media_type"], filename=f"{job.id}{path.suffix}")


@router.delete("/v1/videos/{video_id}")
async def delete(video_id: str, http: Request) -> dict[str, Any]:
    """Removes one; one that is still being made is cancelled."""
    jobs, _ = _jobs(http)
    await jobs.delete(await _get(http, video_id))
    return {"id": video_id, "object": "video.deleted", "deleted": True}


def _jobs(http: Request) -> tuple[Jobs, Caller]:
    state = state_of(http)
    return state.jobs, state.caller(http)


async def _get(http: Request, name: str) -> QueuedJob:
    jobs, caller = _jobs(http)
    return await jobs.get(caller.name, name, kind="video")


async def _require_room(http: Request) -> None:
    """Raises Refused (429) if the key has as many as it may."""
    jobs, caller = _jobs(http)
    most = state_of(http).settings.max_videos
    found = await jobs.page(caller.name, kind="video", limit=most, newest_first=False)
    if len(found) < most:
        return
    ends = [job.expires.timestamp() for job in found if job.expires is not None]
    wait = min(ends) - time.time() if ends else 60.0  # a guess, if none is done yet
    what, fix = f"this key has its {most} videos", "delete some, or wait until they expire"
    raise Refused(429, "rate_limit_error", what, code="too_many_videos", fix=fix, retry_after_s=wait)


async def _read(http: Request) -> tuple[VideoBody, Files]:
    if is_form(http):
        return await read_form(http, VideoBody, _FILES)
    try:
        values = await http.json()
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_request_error", "the body is not JSON", code="invalid_json") from None
    return validated(VideoBody, values), {}


def _request(body: VideoBody, picture: Media | None) -> VideoRequest:
    width, height = sides(body.size)
    return VideoRequest(
        task="text-to-video" if picture is None else "image-to-video",
        prompt=body.prompt,
        model=body.model_id,
        image=picture,
        width=width,
        height=height,
        duration_s=body.seconds,
        fps=body.fps,
        motion=body.motion,
        format=body.format,
        negative_prompt=body.negative_prompt,
        steps=body.steps,
        guidance_scale=body.guidance_scale,
        seed=body.seed,
        options=body.options,
    )


def _picture(reference: Reference | None, files: Files) -> Media | None:
    """What the video begins with."""
    if files:
        return Media(data=the_file(files, "input_reference"))
    if reference is None:
        return None
    head, _, data = str(reference.image_url).partition(",")
    try:
        if not head.endswith(";base64"):
            raise binascii.Error
        return Media(data=base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        what = "input_reference: image_url is not in base64"
        raise Refused(400, "invalid_request_error", what, code="invalid_value", param="input_reference") from None
