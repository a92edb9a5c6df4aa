"""Slack's Web API and its signed events (https://docs.slack.dev), as far as the bot uses them."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from . import listening

TOKEN = "xoxb-planted-canary-token"
SECRET = "planted-canary-secret"


@dataclass
class SlackStub:
    """``calls``: methods and their fields. ``uploads``: bytes by file. ``refusals``: what a method answers next."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def made(self, method: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.calls if name == method]

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        fields = await request.json() if "json" in request.content_type else dict(await request.post())
        fields = dict(request.query) | fields
        self.calls.append((method, fields))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if waiting := self.refusals.get(method):
            return web.json_response({"ok": False} | waiting.pop(0))
        match method:
            case "auth.test":
                return web.json_response({"ok": True, "user_id": "UBOT", "bot_id": "B1", "team_id": "T1", "url": "x"})
            case "files.getUploadURLExternal":
                number = f"F{len(self.calls)}"
                return web.json_response({"ok": True, "upload_url": f"{self.url}/upload/{number}", "file_id": number})
            case "files.completeUploadExternal":
                return web.json_response({"ok": True, "files": [{"id": f["id"]} for f in json.loads(fields["files"])]})
        return web.json_response({"ok": True, "ts": f"{len(self.calls)}.0", "channel": fields.get("channel")})

    async def upload(self, request: web.Request) -> web.Response:
        self.uploads[request.match_info["file"]] = await request.read()
        return web.Response(text="OK")


def event(text: str, kind: str = "message", **more: Any) -> dict[str, Any]:
    said = {"type": kind, "user": "UANN", "text": text, "channel": "D1", "channel_type": "im", "ts": "1.1"} | more
    authorizations = [{"user_id": "UBOT", "is_bot": True, "team_id": "T1"}]
    return {"type": "event_callback", "team_id": "T1", "event": said, "authorizations": authorizations}


async def tell(port: int, body: dict[str, Any], *, secret: str = SECRET, age_s: int = 0) -> int:
    """Calls the bot as Slack does; returns the status of its answer."""
    text, stamp = json.dumps(body), str(int(time.time()) - age_s)
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=text)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, "Content-Type": "application/json"}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"http://127.0.0.1:{port}/slack/events", content=text, headers=headers)
    return answer.status_code


@contextlib.asynccontextmanager
async def slack():
    stub = SlackStub()
    routes = (web.post("/api/{method}", stub.answer), web.post("/upload/{file}", stub.upload))
    async with listening(*routes) as url:
        stub.url = url
        yield stub
