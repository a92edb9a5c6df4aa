"""HTTP/1.1 by uvicorn and h11, with a clock for the head of a request."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .errors import answer_to
from .refused import Refused

_NO_HTTP = Refused(
    400,
    "invalid_request_error",
    "this is no HTTP/1.1 request that can be read, or its head is too large",
    code="invalid_http",
)
_TOO_MANY = Refused(503, "server_error", "too many connections", code="overloaded", fix="come again", retry_after_s=5)


class Protocol(H11Protocol):
    """One connection. Uvicorn waits for ever for a head that has begun; whoever sends one slowly holds a connection.

    Attributes:
        head_s: how long the first line and the headers may take.
        most: connections at a time; whoever comes beyond these is refused.
    """

    head_s: ClassVar[float] = 20.0
    most: ClassVar[int] = 2000
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.most:
            self.app = _too_many
        self._clock = self.loop.call_later(self.head_s, self._too_slow)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the head is whole
            self._stop_clock()
        elif self._clock is None and not self.transport.is_closing():
            self._clock = self.loop.call_later(self.head_s, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, in OpenAI's shape."""
        answer = answer_to(_NO_HTTP)
        head = [b"HTTP/1.1 400 Bad Request", b"connection: close", *(b": ".join(pair) for pair in answer.raw_headers)]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _too_slow(self) -> None:
        self._clock = None
        self.transport.close()


async def _too_many(scope: Any, receive: Any, send: Any) -> None:
    answer = answer_to(_TOO_MANY)
    answer.headers["connection"] = "close"
    await answer(scope, receive, send)
