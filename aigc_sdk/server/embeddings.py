"""``/v1/embeddings``: texts as vectors."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BeforeValidator, Discriminator, Field, JsonValue, Tag

from ..contract.artifacts import VectorArtifact
from ..contract.requests import TextRequest
from .json_route import json_router
from .run_jobs import Running
from .schema import Asked, Text
from .state import state_of

router = json_router()
MAX_INPUTS = 2048
"""Texts in one request, as OpenAI's."""


def _no_tokens(value: Any) -> Any:
    if isinstance(value, list) and any(isinstance(part, (int, list)) for part in value):
        raise ValueError("token ids are not supported, for each model has its own; give the texts")
    return value


# Which of the two is meant is told by its shape, so that an error is about the one that was meant.
Texts = Annotated[
    Annotated[Text, Tag("string")]
    | Annotated[list[Text], Field(min_length=1, max_length=MAX_INPUTS), BeforeValidator(_no_tokens), Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "string"),
]


class EmbeddingsBody(Asked):
    """``POST /v1/embeddings``."""

    input: Texts
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1, le=65_536)
    # Ours, beyond OpenAI's.
    options: dict[str, JsonValue] = {}


@router.post("/v1/embeddings")
async def embeddings(body: EmbeddingsBody, http: Request) -> Response:
    """Makes a vector of each text."""
    texts = [body.input] if isinstance(body.input, str) else body.input
    fixed: dict[str, Any] = {"model": body.model_id, "dimensions": body.dimensions, "options": body.options}
    # A seed changes nothing here; a fixed one keeps the receipts alike.
    requests = [TextRequest(task="feature-extraction", prompt=text, seed=0, **fixed) for text in texts]
    submitted = await state_of(http).submit(http, "text", requests)
    headers = {"X-Aigc-Job": submitted.jobs[0].id}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    async with Running(submitted, http) as running:
        artifacts = await running.artifacts()
    data = []
    for index, artifact in enumerate(artifacts):
        assert isinstance(artifact, VectorArtifact)
        written = base64.b64encode(artifact.data).decode() if body.encoding_format == "base64" else artifact.values
        data.append({"object": "embedding", "index": index, "embedding": written})
    usage = submitted.usage()
    told = {"prompt_tokens": usage["prompt_tokens"], "total_tokens": usage["total_tokens"]}
    return JSONResponse({"object": "list", "data": data, "model": submitted.model, "usage": told}, headers=headers)
