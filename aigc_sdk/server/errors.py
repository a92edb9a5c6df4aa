"""Errors as OpenAI's clients expect them, with our codes and advice."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ..contract import errors as tree
from ..contract.errors import AigcError, did_you_mean
from .refused import Refused
from .validation import body_model, from_validation

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[AigcError], int, str], ...] = (
    (tree.UnknownModel, 404, "invalid_request_error"),
    (tree.UnknownPlugin, 404, "invalid_request_error"),
    (tree.JobExists, 409, "invalid_request_error"),
    (tree.InvalidRequest, 400, "invalid_request_error"),
    (tree.PolicyBlocked, 400, "invalid_request_error"),
    (tree.LicenceRefused, 403, "permission_error"),
    (tree.QueueFull, 429, "rate_limit_error"),
    (tree.OverBudget, 429, "insufficient_quota"),
    (tree.DeadlineExceeded, 504, "timeout_error"),
    (tree.Cancelled, 499, "cancelled_error"),
    (tree.OutOfMemory, 503, "server_error"),
    (tree.StoreError, 503, "server_error"),
    (tree.MissingExtra, 501, "server_error"),
)
"""The first class that fits; anything else is a 500."""


def status_of(error: AigcError) -> tuple[int, str]:
    """HTTP status and OpenAI's type of an error."""
    if isinstance(error, Refused):
        return error.status, error.kind
    for kind, status, name in _STATUS:
        if isinstance(error, kind):
            return status, name
    return 500, "server_error"


def body_of(error: AigcError) -> dict[str, Any]:
    """``{"error": {...}}`` in OpenAI's shape; ``message`` holds the advice too, as their clients show nothing else."""
    _, kind = status_of(error)
    name = error.name if isinstance(error, Refused) else _CODES.get(error.code, error.code)
    what = f"[{error.plugin}] {error.what}" if error.plugin else error.what
    message = f"{what} -> {error.fix}" if error.fix else what
    param = getattr(error, "param", None)
    return {"error": {"message": _sendable(message), "type": kind, "param": param and _sendable(param), "code": name}}


def _sendable(text: str) -> str:
    """Half a surrogate pair, which JSON can bring in, cannot go out again."""
    return text.encode("utf-8", "replace").decode()


_CODES = {"unknown_model": "model_not_found", "prompt_too_long": "context_length_exceeded"}
"""Names that OpenAI's clients know; ours otherwise."""


def answer_to(error: AigcError) -> JSONResponse:
    """The error as a response."""
    status, _ = status_of(error)
    headers = {}
    if isinstance(error, (Refused, tree.QueueFull)) and error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body_of(error), status, headers)


def install(app: FastAPI) -> None:
    """Every failure of a request leaves in this shape."""

    @app.exception_handler(AigcError)
    async def ours(request: Request, error: AigcError) -> JSONResponse:
        return answer_to(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer_to(from_validation(error.errors(), body_model(request)))

    @app.exception_handler(HTTPException)
    async def of_framework(request: Request, error: HTTPException) -> JSONResponse:
        name = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        what = f"{request.method} {request.url.path}: {error.detail}"
        kind = "invalid_request_error" if error.status_code < 500 else "server_error"
        fix = did_you_mean(request.url.path, app.openapi()["paths"]) if error.status_code == 404 else None
        answer = answer_to(Refused(error.status_code, kind, what, code=name, fix=fix))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.exception("%s %s failed", request.method, request.url.path)
        what = f"unexpected {type(error).__name__}; the server's log says more"
        return answer_to(Refused(500, "server_error", what, code="internal_error"))
