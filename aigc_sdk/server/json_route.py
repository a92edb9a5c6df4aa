"""Routes whose body is JSON: read at once, without what FastAPI does for forms, files and dependencies."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from ..contract.errors import AigcError
from .errors import answer_to
from .validation import body_model_of

_JSON = b"application/json"


class JsonRoute(APIRoute):
    """A route of ``async def answer(body: Model, http: Request) -> Response``.

    FastAPI describes it, and answers whatever is not a valid body of such a request: what is wrong is said by one only.
    """

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        model = body_model_of(self)
        if model is None or scope["method"] not in (self.methods or ()) or not _is_json(scope):
            await super().handle(scope, receive, send)
            return
        http = Request(scope, receive, send)
        try:
            body = await http.body()
            asked = _read(model, body)
            if asked is None:
                await super().handle(scope, _again(body, receive), send)
                return
            answer = await self.endpoint(asked, http)
        except AigcError as error:
            answer = answer_to(error)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)


def json_router() -> APIRouter:
    """A router for such routes."""
    return APIRouter(route_class=JsonRoute)


def _is_json(scope: Any) -> bool:
    """Said so in the simplest way; there are others, which FastAPI knows."""
    return any(name == b"content-type" and value == _JSON for name, value in scope["headers"])


def _read(model: type[BaseModel], body: bytes) -> BaseModel | None:
    try:
        return model.__pydantic_validator__.validate_json(body)  # type: ignore[no-any-return]
    except ValidationError:
        return None


def _again(body: bytes, receive: Any) -> Any:
    """``receive`` for who reads the body once more."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return messages.pop() if messages else await receive()

    return replay
