"""``/v1/videos``: asked for, looked after, fetched, deleted."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from ..contract.requests import Media, VideoRequest
from .forms import Files, form_schema, is_form, read_form, the_file, validated
from .images_schema import sides
from .refused import Refused
from .state import state_of
from .videos_schema import Reference, VideoBody
from .videos_store import Video, Videos

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
    state = state_of(http)
    owner = state.caller(http).name
    state.videos.require_room(owner)
    request = _request(body, _picture(body.input_reference, files))
    submitted = await state.submit(http, "video", [request])
    video = Video(
        id=f"video_{submitted.jobs[0].id}",
        owner=owner,
        model=submitted.model,
        prompt=body.prompt,
        size=None if body.size == "auto" else body.size,
        seconds=body.seconds,
    )
    state.videos.add(video, submitted)
    headers = {"X-Aigc-Job": submitted.jobs[0].id}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    return JSONResponse(video.described(), headers=headers)


@router.get("/v1/videos")
async def list_videos(
    http: Request,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """The caller's videos."""
    videos, owner = _store(http)
    found = videos.of(owner)
    if order == "desc":
        found.reverse()
    if after is not None:
        found = found[found.index(videos.get(after, owner)) + 1 :]
    page = found[:limit]
    return {
        "object": "list",
        "data": [video.described() for video in page],
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
        "has_more": len(found) > limit,
    }


@router.get("/v1/videos/{video_id}")
async def retrieve(video_id: str, http: Request) -> JSONResponse:
    """How far one is."""
    videos, owner = _store(http)
    return JSONResponse(videos.get(video_id, owner).described(), headers={"openai-poll-after-ms": _POLL_MS})


@router.get("/v1/videos/{video_id}/content", response_class=FileResponse)
async def content(video_id: str, http: Request, variant: Literal["video"] = "video") -> Response:
    """Its file, or the range of it that is asked for."""
    videos, owner = _store(http)
    video = videos.get(video_id, owner)
    if video.error is not None:
        raise Refused(400, "invalid_request_error", f"the video failed: {video.error.what}", code="video_failed")
    if video.file is None:
        what = f"the video is {video.status.replace('_', ' ')}: {video.progress}% are done"
        raise Refused(400, "invalid_request_error", what, code="video_not_ready", fix="ask again later")
    return FileResponse(video.file, media_type=video.media_type, filename=video.file.name)


@router.delete("/v1/videos/{video_id}")
async def delete(video_id: str, http: Request) -> dict[str, Any]:
    """Removes one; one that is still being made is cancelled."""
    videos, owner = _store(http)
    await videos.delete(videos.get(video_id, owner))
    return {"id": video_id, "object": "video.deleted", "deleted": True}


def _store(http: Request) -> tuple[Videos, str]:
    state = state_of(http)
    return state.videos, state.caller(http).name


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
