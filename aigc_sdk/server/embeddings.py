"""``/v1/embeddings``: told plainly that nothing here makes them; "not found" would look like a wrong address."""

from __future__ import annotations

from fastapi import APIRouter

from .refused import Refused

router = APIRouter()


@router.post("/v1/embeddings", status_code=501)
async def embeddings() -> None:
    """Not served: no model here makes embeddings."""
    what = "no model of this server makes embeddings; it writes text and makes pictures, speech and video"
    raise Refused(501, "invalid_request_error", what, code="not_supported")
