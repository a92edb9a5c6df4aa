"""Server-sent events, as OpenAI's clients read them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi.responses import StreamingResponse

from ..contract.errors import AigcError
from .errors import body_of
from .run_jobs import Submitted


def stream(
    pieces: AsyncIterator[dict[str, Any]], submitted: Submitted, headers: Mapping[str, str]
) -> StreamingResponse:
    """The pieces as ``data:`` lines, then ``[DONE]``. A failure is a last piece with ``error``.

    When the client goes away, the iterator is closed, and with it the jobs are cancelled.
    """

    async def lines() -> AsyncIterator[bytes]:
        try:
            async for piece in pieces:
                yield line(piece)
            yield b"data: [DONE]\n\n"
        except AigcError as error:
            yield line(body_of(error))
        finally:
            submitted.cancel()

    # no-transform: proxies that compress would hold the pieces back.
    fixed = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers={**fixed, **headers})


def line(value: Any, event: str | None = None) -> bytes:
    """One event."""
    named = f"event: {event}\n" if event else ""
    return f"{named}data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
