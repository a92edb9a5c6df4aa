"""What stands before gradio's routes: only those that the page needs, for pages of this server alone.

A page from elsewhere could reach a server on this machine through its user's browser, with a form or after its own name
was made to lead here (DNS rebinding); the browser tells by the headers Origin and Host. And what this server's own page
may load is said in its Content-Security-Policy: nothing from any other host.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ..contract.web_address import is_this_machine

_PAGES = (
    "/",
    "/login",
    "/logout",
    "/config",
    "/theme.css",
    "/favicon.ico",
    "/robots.txt",
    "/manifest.json",
    "/pwa_icon",
)
_FOLDERS = ("/assets/", "/static/")
_CALLS = (
    "queue/join", "queue/data", "run/predict", "cancel", "reset", "upload", "upload_progress", "info", "app_id",
    "startup-events", "login_check", "user", "token", "theme.css",
)  # fmt: skip
_NEEDED = re.compile(
    "|".join(
        [
            *(re.escape(page) for page in _PAGES),
            *(f"{re.escape(folder)}.*" for folder in _FOLDERS),
            *(f"/gradio_api/{re.escape(call)}/?" for call in _CALLS),
            r"/gradio_api/heartbeat/[A-Za-z0-9]+",
            r"/gradio_api/file=/?(?!https?:).*",
        ]
    )
)
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:;"
    " worker-src 'self' blob:; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self';"
    " form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Gate:
    """ASGI middleware.

    Args:
        open_to_others: users sign in, so that other machines may ask, too.
    """

    def __init__(self, app: Any, open_to_others: bool) -> None:
        self._app = app
        self._open_to_others = open_to_others

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a websocket; the page has none
            return
        if (refusal := self._refusal(scope)) is not None:
            await _answer(send, *refusal)
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        await self._app(scope, receive, guarded)

    def _refusal(self, scope: Any) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        origin = headers.get(b"origin")
        if not self._open_to_others and not is_this_machine(urlsplit(f"//{host}").hostname or ""):
            return 403, "this playground is for this machine; others need --auth-file"
        if origin is not None and urlsplit(origin.decode("latin-1").lower()).netloc != host:
            return 403, "this playground is not for other pages"
        if not _NEEDED.fullmatch(scope["path"]):
            return 404, "there is nothing here"
        return None


async def _answer(send: Any, status: int, words: str) -> None:
    body = words.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
