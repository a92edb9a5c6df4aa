"""A reverse proxy on loopback that stands between an adapter and its target, and breaks what it is told to break.

It streams, changes nothing but ``Host``, and counts the requests that write: all but GET, HEAD and OPTIONS.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from .loopback import Loopback, Quiet

FaultKind = Literal[
    "busy",  # 429 with Retry-After, not forwarded
    "too-large",  # 413, not forwarded
    "page",  # 200 and a web page, not forwarded
    "echo",  # 400 and JSON that holds the request's headers, not forwarded
    "stored-500",  # forwarded, then 500
    "cut-before",  # the connection is closed, not forwarded
    "cut-inside",  # half of the body is forwarded, then both connections are closed
    "cut-after",  # forwarded, then the connection is closed without an answer
    "hang",  # forwarded, then no answer until the client gives up
    "kill-before",  # the publishing process is killed, not forwarded
    "kill-after",  # forwarded, then the publishing process is killed
    "hold",  # forwarded only when released
]
RETRY_AFTER_S = 7
_READS = frozenset(["GET", "HEAD", "OPTIONS"])
_HOP = frozenset(["connection", "keep-alive", "transfer-encoding", "content-length", "host", "proxy-connection"])
_CHUNK = 1 << 16
_PATIENCE_S = 60.0


@dataclass
class Fault:
    """One fault, and whether it has struck.

    Attributes:
        nth: of the writing requests, from 1 on; 0 means every request, those that read as well.
        patience_s: how long a hanging request is held. outlasted: the client waited longer than that.
        victim: whom a kill hits, once its process id is put in. release: lets a held request go on.
    """

    kind: FaultKind
    nth: int
    patience_s: float = _PATIENCE_S
    struck: threading.Event = field(default_factory=threading.Event)
    outlasted: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    victim: SimpleQueue[int] = field(default_factory=SimpleQueue)


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that reached the proxy. ``status`` is what the client was answered, 0 for no answer."""

    method: str
    path: str
    status: int


class FaultProxy:
    """Forwards what comes to :attr:`url` to the target. Use it as a context manager.

    Args:
        target: the URL that it stands for.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._server = Loopback(_Handler, self)
        self.url = self._server.url + self._target.path
        self.passed: list[Passed] = []
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._writes = 0

    @contextlib.contextmanager
    def fault(self, kind: FaultKind, nth: int = 1, *, patience_s: float = _PATIENCE_S) -> Iterator[Fault]:
        """While the block runs, the nth writing request from its beginning on meets this fault."""
        fault = Fault(kind, nth, patience_s)
        with self._lock:
            self._fault, self._writes = fault, 0
        try:
            yield fault
        finally:
            with self._lock:
                self._fault = None
            fault.release.set()

    def writes(self, since: int = 0) -> int:
        """How many writing requests came, after the first ``since`` requests of :attr:`passed`."""
        return sum(request.method not in _READS for request in self.passed[since:])

    def fault_for(self, method: str) -> Fault | None:
        """The fault that this request, which has just come, meets."""
        with self._lock:
            self._writes += method not in _READS
            fault = self._fault
            if fault is None or (fault.nth and (method in _READS or self._writes != fault.nth)):
                return None
        fault.struck.set()
        return fault

    def connection(self) -> http.client.HTTPConnection:
        """A new connection to the target."""
        kind = http.client.HTTPSConnection if self._target.scheme == "https" else http.client.HTTPConnection
        return kind(self._target.hostname or "", self._target.port, timeout=_PATIENCE_S)

    @property
    def host(self) -> str:
        """What the target is to see as its name."""
        return self._target.netloc

    def close(self) -> None:
        """Ends all connections."""
        self._server.stop()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Handler(Quiet):
    """What comes is noted in ``FaultProxy.passed``."""

    def _handle(self) -> None:
        proxy = self.server.owner
        fault = proxy.fault_for(self.command)
        status = 0
        try:
            status = self._forward() if fault is None else getattr(self, "_" + fault.kind.replace("-", "_"))(fault)
        except (OSError, http.client.HTTPException):
            self._cut()
        finally:
            proxy.passed.append(Passed(self.command, self.path, status))

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    # --- passing on -----------------------------------------------------------------------------------------------

    def _body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left and (part := self.rfile.read(min(_CHUNK, left))):
            left -= len(part)
            yield part

    def _sent(self) -> http.client.HTTPResponse:
        """The target's answer to the whole request."""
        connection: http.client.HTTPConnection = self.server.owner.connection()
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        headers |= {"Host": self.server.owner.host, "Connection": "close"}
        chunked = "Transfer-Encoding" in self.headers
        if not chunked and "Content-Length" in self.headers:
            headers["Content-Length"] = self.headers["Content-Length"]
        body = self._body() if chunked or "Content-Length" in headers else None
        connection.request(self.command, self.path, body=body, headers=headers, encode_chunked=chunked)
        return connection.getresponse()

    def _forward(self) -> int:
        answer = self._sent()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
        return self._answer(answer.status, answer.read(), headers)

    def _answer(self, status: int, content: bytes, headers: list[tuple[str, str]]) -> int:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(content)
        return status

    def _refuse(self, status: int, content: Any, *headers: tuple[str, str]) -> int:
        for _ in self._body():
            pass
        return self._answer(status, json.dumps(content).encode(), [("Content-Type", "application/json"), *headers])

    def _cut(self) -> int:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client may have gone first
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        return 0

    # --- faults, by their names -----------------------------------------------------------------------------------

    def _busy(self, fault: Fault) -> int:
        return self._refuse(429, {"message": "slow down"}, ("Retry-After", str(RETRY_AFTER_S)))

    def _too_large(self, fault: Fault) -> int:
        return self._refuse(413, {"message": "too large"})

    def _page(self, fault: Fault) -> int:
        for _ in self._body():
            pass
        return self._answer(200, b"<!doctype html><h1>Welcome to our network</h1>", [("Content-Type", "text/html")])

    def _echo(self, fault: Fault) -> int:
        said = " ".join(f"{name}: {value}" for name, value in self.headers.items())
        return self._refuse(400, {"message": said, "error": {"message": said}, "path": self.path})

    def _stored_500(self, fault: Fault) -> int:
        self._sent().read()
        return self._answer(500, b'{"message": "internal error"}', [("Content-Type", "application/json")])

    def _cut_before(self, fault: Fault) -> int:
        return self._cut()

    def _cut_inside(self, fault: Fault) -> int:
        length = int(self.headers.get("Content-Length", 0))
        connection = self.server.owner.connection()
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in {**self.headers, "Host": self.server.owner.host}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(self.rfile.read(length // 2))
        connection.close()
        return self._cut()

    def _cut_after(self, fault: Fault) -> int:
        self._sent().read()
        return self._cut()

    def _hang(self, fault: Fault) -> int:
        self._sent().read()
        end = time.monotonic() + fault.patience_s
        while time.monotonic() < end and not fault.release.wait(0.02):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return self._cut()  # the client has given up
        fault.outlasted.set()
        return self._cut()

    def _kill_before(self, fault: Fault) -> int:
        os.kill(fault.victim.get(timeout=_PATIENCE_S), signal.SIGKILL)
        return self._cut()

    def _kill_after(self, fault: Fault) -> int:
        self._sent().read()
        return self._kill_before(fault)

    def _hold(self, fault: Fault) -> int:
        fault.release.wait(_PATIENCE_S)
        return self._forward()
