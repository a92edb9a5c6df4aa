"""Discord's gateway and HTTP API (https://docs.discord.com/developers), as far as the bot uses them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from . import listening

TOKEN = "planted-canary-token"
ME = {"id": "42", "username": "shop", "discriminator": "0", "avatar": None, "bot": True}
ANN = {"id": "7", "username": "ann", "discriminator": "0", "avatar": None}
APPLICATION = {
    "id": "42", "name": "shop", "icon": None, "description": "", "bot_public": True, "bot_require_code_grant": False,
    "verify_key": "", "summary": "", "hook": True, "flags": 0, "owner": {"id": "7", "username": "ann", "avatar": None,
    "discriminator": "0"}, "rpc_origins": None, "team": None,
}  # fmt: skip
STAMP = "2026-11-22T12:00:00+00:00"


@dataclass
class DiscordStub:
    """``calls``: method, path, fields and files. ``refusals``: what a call to a path answers next."""

    url: str = ""
    calls: list[tuple[str, str, dict[str, Any], dict[str, bytes]]] = field(default_factory=list)
    refusals: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    identified: dict[str, Any] = field(default_factory=dict)
    close_code: int = 0
    socket: web.WebSocketResponse | None = None

    def made(self, method: str, path: str) -> list[dict[str, Any]]:
        return [fields for called, where, fields, _ in self.calls if (called, where) == (method, path)]

    async def say(self, text: str, **more: Any) -> None:
        """Somebody writes, to the bot alone if nothing else is said."""
        message = {
            "id": "1001", "channel_id": "900", "author": ANN, "content": text, "timestamp": STAMP, "type": 0,
            "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [],
            "attachments": [], "embeds": [], "pinned": False,
        }  # fmt: skip
        assert self.socket is not None
        await self.socket.send_json({"op": 0, "s": 2, "t": "MESSAGE_CREATE", "d": message | more})

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}})
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            said = json.loads(frame.data)
            if said["op"] == 1:
                await socket.send_json({"op": 11})
            if said["op"] == 2:
                self.identified = said["d"]
                if self.close_code:
                    await socket.close(code=self.close_code)
                    break
                await self._ready(socket)
        return socket

    async def _ready(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        about = {"v": 10, "user": ME, "guilds": [{"id": "1", "unavailable": True}], "session_id": "s"}
        about |= {"resume_gateway_url": self.url, "application": {"id": "42", "flags": 0}}
        await socket.send_json({"op": 0, "s": 1, "t": "READY", "d": about})
        thread = {"id": "77", "type": 11, "parent_id": "55", "guild_id": "1", "name": "t", "owner_id": "7"}
        thread |= {"message_count": 0, "member_count": 1, "rate_limit_per_user": 0}
        thread |= {"thread_metadata": {"archived": False, "auto_archive_duration": 60, "archive_timestamp": STAMP}}
        channel = {"id": "55", "type": 0, "name": "general", "position": 0, "permission_overwrites": []}
        guild = {"id": "1", "name": "Shop", "owner_id": "7", "roles": [], "emojis": [], "stickers": [], "members": []}
        guild |= {"channels": [channel], "threads": [thread], "member_count": 2, "features": []}
        await socket.send_json({"op": 0, "s": 2, "t": "GUILD_CREATE", "d": guild})

    async def answer(self, request: web.Request) -> web.Response:
        path, files = "/" + request.match_info["path"], {}
        if request.content_type == "multipart/form-data":
            parts = await request.post()
            fields = json.loads(str(parts["payload_json"]))
            files = {p.filename: p.file.read() for p in parts.values() if isinstance(p, web.FileField)}
        else:
            fields = await request.json() if request.can_read_body else {}
        self.calls.append((request.method, path, fields, files))
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _json({"code": 0, "message": "401: Unauthorized"}, status=401)
        if waiting := self.refusals.get(path):
            status, body = waiting.pop(0)
            return _json(body, status=status)
        if path == "/users/@me":
            return _json(ME)
        if path == "/oauth2/applications/@me":
            return _json(APPLICATION)
        if path.endswith("/typing"):
            return web.Response(status=204)
        if "/messages" in path:
            room = path.split("/")[2]
            number = path.split("/")[4] if request.method == "PATCH" else str(2000 + len(self.calls))
            return _json(_message(number, room, fields.get("content") or ""))
        return _json({})


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    """The library takes for JSON what says so without a charset."""
    return web.Response(body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"})


def _message(number: str, room: str, text: str) -> dict[str, Any]:
    return {
        "id": number, "channel_id": room, "author": ME, "content": text, "timestamp": STAMP, "type": 0,
        "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": False,
    }  # fmt: skip


@contextlib.asynccontextmanager
async def discord():
    stub = DiscordStub()
    routes = (web.get("/gateway/", stub.gateway), web.route("*", "/api/{path:.*}", stub.answer))
    async with listening(*routes) as url:
        stub.url = f"{url}/gateway/"
        try:
            yield stub
        finally:
            await asyncio.sleep(0)
