"""What stands before every route: the key is looked at, and what is asked and answered is counted."""

from __future__ import annotations

import functools
import time
from typing import Any

from ..contract.web_address import is_this_machine
from .errors import answer_to
from .keys import Keys
from .metrics import Metrics
from .refused import Refused

OPEN = frozenset(["/healthz", "/readyz"])
"""Paths that no key is asked for: who starts and stops servers calls them."""


class Gate:
    """ASGI middleware. Who has no key is told so before the body is read."""

    def __init__(self, app: Any, keys: Keys, metrics: Metrics) -> None:
        self._app = app
        self._keys = keys
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        with self._metrics.in_flight.track_inprogress():
            try:
                await self._admitted(scope, receive, noted)
            finally:
                # The route's pattern, never the path: paths are without end.
                route = getattr(scope.get("route"), "path", "other")
                self._metrics.answered(scope["method"], route, status, time.perf_counter() - began)

    async def _admitted(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] not in OPEN:
            headers = dict(scope["headers"])
            try:
                scope["aigc.caller"] = self._keys.caller(headers.get(b"authorization", b"").decode("latin-1"))
            except Refused as refused:
                await answer_to(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class ThisMachineOnly:
    """ASGI middleware for a server without keys: web pages from elsewhere may not use it through the user's browser.

    A page reaches a server on this machine with a request that needs no permission (a form), or after its own name was
    made to lead here (DNS rebinding); the browser tells both by the headers Origin and Host.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            asked = {
                "Host": headers.get(b"host", b"localhost").decode("latin-1"),
                "Origin": headers.get(b"origin", b"http://localhost").decode("latin-1").partition("://")[2],
            }
            for name, host in asked.items():
                if not is_this_machine(_without_port(host)):
                    what = f"without keys this server is for programs on this machine; {name} is another"
                    refused = Refused(403, "permission_error", what, code="foreign_host", fix="give --api-key-file")
                    await answer_to(refused)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


@functools.lru_cache(maxsize=256)
def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
