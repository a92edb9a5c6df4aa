"""``/v1/images/generations`` and ``/v1/images/edits``."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from ..contract.artifacts import Artifact, ImageArtifact
from ..contract.events import Completed, Preview
from ..contract.requests import ImageRequest, Media
from .forms import form_schema, read_form, the_file
from .images_mask import white_is_new
from .images_schema import EditBody, GenerationBody, Pictured, sides
from .json_route import json_router
from .run_jobs import Running, Submitted, seeds_of
from .sse import stream
from .state import ServerState, state_of

router = json_router()
_READ_AS = "read as: "
"""How a model's notes tell what it made of the prompt."""
_USUAL_STEPS = 20
_NO_TOKENS = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
"""These models count pixels. OpenAI's client wants this where a picture is streamed, and only there."""


@router.post("/v1/images/generations")
async def generations(body: GenerationBody, http: Request) -> Response:
    """Paints pictures."""
    return await _answered(body, {"task": "text-to-image"}, http, "image_generation")


@router.post("/v1/images/edits", openapi_extra=form_schema(EditBody, ("image", "mask"), ("image",)))
async def edits(http: Request) -> Response:
    """Changes a picture: all of it, or where the mask is transparent."""
    body, files = await read_form(http, EditBody, ("image", "mask"))
    fields: dict[str, Any] = {
        "task": "image-to-image",
        "image": Media(data=the_file(files, "image")),
        "strength": body.strength,
    }
    if "mask" in files:
        fields["mask"] = await asyncio.to_thread(white_is_new, the_file(files, "mask"))
        fields["task"] = "inpaint"
    return await _answered(body, fields, http, "image_edit")


async def _answered(body: Pictured, fields: dict[str, Any], http: Request, event: str) -> Response:
    state = state_of(http)
    width, height = sides(body.size)
    request = ImageRequest(
        prompt=body.prompt,
        model=body.model_id,
        width=width,
        height=height,
        negative_prompt=body.negative_prompt,
        steps=body.steps,
        guidance_scale=body.guidance_scale,
        options=body.all_options,
        format=body.format,
        **fields,
    )
    if body.partial_images and not state.checks_artifacts:
        request = await asyncio.to_thread(_with_previews, request, body.partial_images, state)
    requests = [request.model_copy(update={"seed": seed}) for seed in seeds_of(body.seed, body.n or 1)]
    submitted = await state.submit(http, "image", requests)
    headers = {"X-Aigc-Job": ",".join(job.id for job in submitted.jobs)}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    if body.stream:
        return stream(
            _pieces(submitted, event, 0 if state.checks_artifacts else body.partial_images or 0), submitted, headers
        )
    async with Running(submitted, http) as running:
        artifacts = await running.artifacts()
    return JSONResponse(_whole(artifacts), headers=headers)


def _with_previews(request: ImageRequest, count: int, state: ServerState) -> ImageRequest:
    """The request with as many previews as were asked for, if its plugin gives any."""
    entry = state.entry(request)
    if "previews" in request.options or all(option.name != "previews" for option in entry.manifest.options):
        return request
    steps = request.steps or int(str(entry.card.default_options.get("steps") or _USUAL_STEPS))
    return request.model_copy(update={"options": {**request.options, "previews": max(1, steps // (count + 1))}})


def _whole(artifacts: Sequence[Artifact]) -> dict[str, Any]:
    """The answer, with what is the same for all pictures."""
    pictures = [artifact for artifact in artifacts if isinstance(artifact, ImageArtifact)]
    data = [_encoded(picture) | _told(picture) for picture in pictures]
    return {"created": int(time.time()), "data": data, "usage": None, **_described(pictures[0]), "quality": None}


async def _pieces(submitted: Submitted, event: str, partial: int) -> AsyncGenerator[dict[str, Any], None]:
    """The pictures of all variants as they come; ``index`` says which variant."""
    shown = [0] * len(submitted.jobs)
    async with aclosing(submitted.events()) as events:
        async for index, happened in events:
            if not isinstance(happened, (Preview, Completed)) or not isinstance(happened.artifact, ImageArtifact):
                continue
            picture = happened.artifact
            piece = {"created_at": int(time.time()), "index": index, **_encoded(picture), **_described(picture)}
            if isinstance(happened, Completed):
                yield {"type": f"{event}.completed", **piece, "usage": _NO_TOKENS, **_told(picture)}
            elif shown[index] < partial:
                yield {"type": f"{event}.partial_image", "partial_image_index": shown[index], **piece}
                shown[index] += 1


def _encoded(picture: ImageArtifact) -> dict[str, Any]:
    return {"b64_json": base64.b64encode(picture.content()).decode()}


def _described(picture: ImageArtifact) -> dict[str, Any]:
    form = picture.media_type.removeprefix("image/")
    size = f"{picture.width}x{picture.height}"
    return {"size": size, "output_format": form, "quality": "auto", "background": "opaque"}


def _told(picture: ImageArtifact) -> dict[str, Any]:
    """How the picture came out. ``seed`` makes it again."""
    if picture.receipt is None:
        return {}
    notes = picture.receipt.notes
    read = next((note.removeprefix(_READ_AS) for note in notes if note.startswith(_READ_AS)), None)
    return {"revised_prompt": read, "seed": picture.receipt.seed, "notes": list(notes)}
