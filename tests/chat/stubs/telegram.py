"""The Bot API (https://core.telegram.org/bots/api), as far as the bot uses it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import listening

TOKEN = "123456:planted-canary-token"
ME = {"id": 42, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
ANN = {"id": 7, "is_bot": False, "first_name": "Ann", "language_code": "en"}


@dataclass
class TelegramStub:
    """``calls``: methods and their fields; files as name and bytes. ``refusals``: what a method answers next."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0
    refusals: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)

    def say(self, text: str, chat: dict[str, Any] | None = None, **more: Any) -> None:
        """Somebody writes."""
        number = len(self.updates) + 1
        chat = chat or {"id": 7, "type": "private", "first_name": "Ann"}
        message = {"message_id": 100 + number, "date": int(time.time()), "chat": chat, "from": ANN, "text": text}
        self.updates.append({"update_id": number, "message": message | more})

    def made(self, method: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.calls if name == method]

    async def answer(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return _error(401, "Unauthorized")
        method, fields = request.match_info["method"], await _fields(request)
        if method == "getUpdates":
            return await self._updates(int(fields.get("offset", 0)))
        self.calls.append((method, fields))
        if waiting := self.refusals.get(method):
            status, more = waiting.pop(0)
            return _error(status, **more)
        if method == "deleteWebhook" and fields.get("drop_pending_updates"):
            self.dropped = len(self.updates)
        if method == "getMe":
            return _fine(ME)
        if method.startswith(("send", "edit")) and method != "sendChatAction":
            if len(fields.get("text", "")) > 4096:
                return _error(400, "Bad Request: message is too long")
            chat = {"id": int(fields["chat_id"]), "type": "private", "first_name": "Ann"}
            number = int(fields.get("message_id", 500 + len(self.calls)))
            return _fine({"message_id": number, "date": int(time.time()), "chat": chat, "from": ME, "text": "x"})
        return _fine(True)

    async def _updates(self, offset: int) -> web.Response:
        if offset < 0:
            return _fine(self.updates[offset:])
        fresh = [update for update in self.updates[self.dropped :] if update["update_id"] >= offset]
        if not fresh:
            await asyncio.sleep(0.05)
        return _fine(fresh)


async def _fields(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        found[name] = (value.filename, value.file.read()) if isinstance(value, web.FileField) else value
    return found


def _fine(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _error(status: int, description: str = "", **more: Any) -> web.Response:
    body = {"ok": False, "error_code": status, "description": description} | more
    return web.Response(status=status, text=json.dumps(body), content_type="application/json")


@contextlib.asynccontextmanager
async def telegram():
    stub = TelegramStub()
    async with listening(web.route("*", "/bot{token}/{method}", stub.answer)) as url:
        stub.url = url
        yield stub
