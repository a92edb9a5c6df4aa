"""Answers that are sent as they come: server-sent events, as OpenAI's clients read them, and other streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from fastapi.responses import Response

from ..contract.errors import AigcError
from .errors import answer_to, body_of
from .run_jobs import Submitted

EVENTS = "text/event-stream; charset=utf-8"
# no-transform: proxies that compress would hold the pieces back.
_FIXED = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class Streamed(Response):
    """What jobs give out, sent as it comes.

    The first piece is awaited before the head is sent: what fails at once is answered with its status. When the client
    goes away the jobs are cancelled, even those that still wait.

    Args:
        pieces: of the body. Raises AigcError.
        failed: the last piece after an error, when the head is sent already.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        submitted: Submitted,
        media_type: str,
        headers: Mapping[str, str],
        failed: Callable[[AigcError], bytes],
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers({**_FIXED, **headers})
        self._pieces = pieces
        self._submitted = submitted
        self._failed = failed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        watch = asyncio.create_task(_until_gone(receive, self._submitted))
        try:
            async with aclosing(self._pieces) as pieces:
                await self._send(pieces, scope, receive, send)
        finally:
            self._submitted.cancel()
            watch.cancel()

    async def _send(self, pieces: AsyncGenerator[bytes, None], scope: Any, receive: Any, send: Any) -> None:
        try:
            piece = await anext(pieces, None)
        except AigcError as error:
            await answer_to(error)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await anext(pieces, None)
            last = b""
        except AigcError as error:
            last = self._failed(error)
        await send({"type": "http.response.body", "body": last, "more_body": False})


def stream(pieces: AsyncGenerator[dict[str, Any], None], submitted: Submitted, headers: Mapping[str, str]) -> Streamed:
    """The pieces as ``data:`` lines, then ``[DONE]``. A failure is a last piece with ``error``."""

    async def lines() -> AsyncGenerator[bytes, None]:
        async with aclosing(pieces):
            async for piece in pieces:
                yield line(piece, piece.get("type"))
        yield b"data: [DONE]\n\n"

    return Streamed(lines(), submitted, EVENTS, headers, lambda error: line(body_of(error)))


def line(value: Any, event: str | None = None) -> bytes:
    """One event."""
    named = f"event: {event}\n" if event else ""
    return f"{named}data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n".encode("utf-8", "replace")


async def _until_gone(receive: Any, submitted: Submitted) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    submitted.cancel()
