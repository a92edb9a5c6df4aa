"""Bounds on a request's body: its size, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from .errors import answer_to
from .refused import Refused

UPLOADS = ("/v1/images/edits", "/v1/audio/transcriptions", "/v1/videos", "/v1/files", "/v1/jobs")
"""Paths that take files."""
ARRIVAL_S = 60.0
"""How long a body may take to arrive: who sends a byte a minute would hold a connection for ever."""
SLOWEST = 64 * 1024
"""Bytes a second. A large body gets a second more for each of these that has arrived."""


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
        body = _Body(receive, most, self._arrival_s)
        begun: str | None = None

        async def watched(message: Any) -> None:
            nonlocal begun
            if begun is None and body.refused is not None:
                # Whoever read the body took our refusal for broken JSON, and answers with that.
                begun = "with the refusal"
                await answer_to(body.refused)(scope, receive, send)
            elif begun != "with the refusal":
                begun = "by the application"
                await send(message)

        try:
            await self._app(scope, body, watched)
        except Refused as refused:
            if refused is not body.refused or begun is not None:
                raise
            await answer_to(refused)(scope, receive, send)


class _Body:
    """``receive`` that counts and has a clock. ``refused``: why it was not read to its end."""

    def __init__(self, receive: Any, most: int, arrival_s: float) -> None:
        self.refused: Refused | None = None
        self._receive = receive
        self._most = most
        self._arrival_s = arrival_s
        self._began = time.monotonic()
        self._got = 0
        self._whole = False

    async def __call__(self) -> Any:
        if self._whole:  # what comes now is that the client went away, for which we wait as long as we answer
            return await self._receive()
        left = self._began + self._arrival_s + self._got / SLOWEST - time.monotonic()
        try:
            async with asyncio.timeout(left):
                message = await self._receive()
        except TimeoutError:
            what = f"the body did not arrive within {self._arrival_s:g} s"
            self.refused = Refused(408, "invalid_request_error", what, code="body_too_slow")
            raise self.refused from None
        self._got += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._got > self._most:
            self.refused = _too_large(self._most)
            raise self.refused
        return message


def _too_large(most: int) -> Refused:
    what = f"the body is larger than {most:,} bytes"
    return Refused(413, "invalid_request_error", what, code="body_too_large")
