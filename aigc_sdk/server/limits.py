"""Bounds that hold before a request is read: its size, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
from typing import Any

from .errors import Refused, answer_to

UPLOADS = ("/v1/images/edits", "/v1/audio/transcriptions", "/v1/videos", "/v1/files")
"""Paths that take files."""
ARRIVAL_S = 60.0
"""Longest wait for the next part of a body: who sends a byte a minute holds a connection for ever."""


class BodyLimit:
    """ASGI middleware: refuses bodies that are too large or too slow, by what has arrived."""

    def __init__(self, app: Any, most: int, most_upload: int, arrival_s: float = ARRIVAL_S) -> None:
        self._app = app
        self._most = most
        self._most_upload = most_upload
        self._arrival_s = arrival_s

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_upload if scope["path"].startswith(UPLOADS) else self._most
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            await answer_to(_too_large(most))(scope, receive, send)
            return
        counted = _Counted(receive, most, self._arrival_s)
        started = False

        async def watched(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except Refused as refused:
            if started:
                raise
            await answer_to(refused)(scope, receive, send)


class _Counted:
    """``receive`` that counts."""

    def __init__(self, receive: Any, most: int, arrival_s: float) -> None:
        self._receive = receive
        self._most = most
        self._arrival_s = arrival_s
        self._got = 0
        self._whole = False

    async def __call__(self) -> Any:
        if self._whole:  # what comes now is that the client went away, for which we wait as long as we answer
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._arrival_s)
        except TimeoutError:
            what = f"no part of the body arrived for {self._arrival_s:g} s"
            raise Refused(408, "invalid_request_error", what, code="body_too_slow") from None
        self._got += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._got > self._most:
            raise _too_large(self._most)
        return message


def _too_large(most: int) -> Refused:
    what = f"the body is larger than {most:,} bytes"
    return Refused(413, "invalid_request_error", what, code="body_too_large")
