"""The board: a small system that keeps notes and files, over HTTP, in memory. What the echo plugin is to plugins.

It is what adapters are tried with where nothing real is at hand: in the tutorial, and in the tests of the suite.

=================================  ==========================================================================
request                            answer
=================================  ==========================================================================
``GET /me``                        200
``POST /notes`` with JSON          201 and the note: what was sent, ``id``, ``version``
``GET /notes?mark=M``              the notes that were sent with this ``mark``; all without one
``GET``, ``DELETE /notes/ID``      the note; 204
``PUT /notes/ID`` with JSON        the note; 412 if ``If-Match`` is not its version
``POST /files?mark=M&alt=A``       201 and the file: ``id``, ``mark``, ``alt``, ``size``, ``sha256``; 415 for text
``GET /files?mark=M``              as of notes. And ``GET``, ``DELETE /files/ID``
=================================  ==========================================================================

All want ``Authorization: Bearer TOKEN``. A body over :data:`MOST_BYTES` is answered with 413.
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from .loopback import Loopback, Quiet

MOST_BYTES = 1_000_000


class Board:
    """A board, while the block runs.

    Attributes:
        url, token: what an adapter is given. items: all notes and files, by ``notes/ID`` and ``files/ID``.
    """

    def __init__(self) -> None:
        self.token = secrets.token_hex(16)
        self.items: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._server = Loopback(_Handler, self)
        self.url = self._server.url

    def answer(
        self, method: str, kind: str, name: str, query: dict[str, str], body: bytes, version: str | None
    ) -> tuple[int, Any]:
        """Status and JSON for one request that has the right token."""
        path = f"{kind}/{name}"
        with self._lock:
            if kind == "me":
                return 200, {"name": "me"}
            if kind not in ("notes", "files"):
                return 404, {"message": f"no {kind}"}
            if method == "POST":
                return self._added(kind, query, body)
            if not name:
                found = [item for at, item in self.items.items() if at.startswith(kind)]
                return 200, [item for item in found if item.get("mark") == query.get("mark", item.get("mark"))]
            if path not in self.items:
                return 404, {"message": f"no {path}"}
            if method == "PUT":
                return self._changed(path, json.loads(body), version)
            if method == "DELETE":
                del self.items[path]
                return 204, None
            return 200, self.items[path]

    def _added(self, kind: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        if kind == "files" and not body:
            return 415, {"message": "an empty file"}
        number = str(next(self._numbers))
        item = json.loads(body) if kind == "notes" else {**query, "size": len(body), "sha256": sha256(body).hexdigest()}
        self.items[f"{kind}/{number}"] = made = {**item, "id": number, "version": 1}
        return 201, made

    def _changed(self, path: str, values: dict[str, Any], version: str | None) -> tuple[int, Any]:
        item = self.items[path]
        if version is not None and version != str(item["version"]):
            return 412, {"message": f"it is at version {item['version']}"}
        self.items[path] = {**item, **values, "id": item["id"], "version": item["version"] + 1}
        return 200, self.items[path]

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


class _Handler(Quiet):
    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the connection was cut: nothing is stored
            self.close_connection = True
            return
        if self.headers.get("Authorization") != f"Bearer {self.server.owner.token}":
            self._answer(401, {"message": "who are you?"})
        elif length > MOST_BYTES:
            self._answer(413, {"message": f"more than {MOST_BYTES} bytes"})
        else:
            address = urlsplit(self.path)
            kind, _, name = address.path.strip("/").partition("/")
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            version = self.headers.get("If-Match")
            self._answer(*self.server.owner.answer(self.command, kind, name, query, body, version))

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def _answer(self, status: int, content: Any) -> None:
        said = b"" if status == 204 else json.dumps(content).encode()
        self.send_response_only(status)
        if said:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
