"""Is it alive, does it take requests."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from .state import state_of

router = APIRouter()


@router.get("/healthz")
async def health() -> dict[str, Any]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(http: Request) -> JSONResponse:
    """Requests are taken; 503 while it is being stopped. Without the database of jobs, all but these are answered."""
    state = state_of(http)
    jobs = {"jobs": "database unavailable"} if state.jobs_trouble else {}
    if state.draining:
        return JSONResponse({"status": "draining", **jobs}, 503)
    return JSONResponse({"status": "ready", **jobs})
