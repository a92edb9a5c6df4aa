"""HTTP/1.1 by uvicorn and httptools, with bounds on the head of a request that those two do not set."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .errors import answer_to
from .refused import Refused

LONGEST_HEAD = 64 * 1024
"""Bytes of the first line and the headers of a request that has not come whole."""
_NO_HTTP = Refused(
    400,
    "invalid_request_error",
    "this is no HTTP/1.1 request that can be read, or its head is too large",
    code="invalid_http",
)
_TOO_MANY = Refused(503, "server_error", "too many connections", code="overloaded", fix="come again", retry_after_s=5)


class Protocol(HttpToolsProtocol):
    """One connection. Uvicorn waits for ever for a head that has begun; whoever sends one slowly holds a connection.

    Attributes:
        head_s: how long the first line and the headers may take.
        most: connections at a time; whoever comes beyond these is refused.
    """

    head_s: ClassVar[float] = 20.0
    most: ClassVar[int] = 2000
    _clock: asyncio.TimerHandle | None = None
    _got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.most:
            self.app = _too_many
        # asyncio sets this only for sockets that name TCP; without it each answer comes 40 ms late.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self.cycle is None or self.cycle.response_complete:
            self._start_clock()
        self._feed(data)
        if self._clock is not None:
            self._got += len(data)
            if self._got > LONGEST_HEAD:
                self._refuse()

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._feed_without_upgrade(data[upgrade.args[0] :])
        except HttpParserError:
            self._refuse()

    def _feed_without_upgrade(self, rest: bytes) -> None:
        """Says the head again without the wish to change to another protocol, which a server may ignore.

        Java's client has that wish with every first request. The parser stops there, although a body may follow.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse()
            return
        head = [b"%s %s HTTP/1.1" % (method, self.url)]
        head += [b"%s: %s" % header for header in self.headers if header[0] not in (b"upgrade", b"connection")]
        self.parser = HttpRequestParser(self)
        self._feed(b"\r\n".join([*head, b"", rest]))

    def _refuse(self) -> None:
        """Answers what is no HTTP, in OpenAI's shape, and hangs up."""
        self._stop_clock()
        answer = answer_to(_NO_HTTP)
        head = [b"HTTP/1.1 400 Bad Request", b"connection: close", *(b": ".join(pair) for pair in answer.raw_headers)]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()

    # --- what the parser tells ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_clock()

    def on_headers_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._stop_clock()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    # --- the clock ------------------------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def _start_clock(self) -> None:
        if self._clock is None and not self.transport.is_closing():
            self._clock = self.loop.call_later(self.head_s, self._too_slow)
            self._got = 0

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
