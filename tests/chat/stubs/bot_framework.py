"""The Bot Framework's connector service (https://learn.microsoft.com/azure/bot-service/rest-api), and calls of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web

from . import listening


@dataclass
class ConnectorStub:
    """``calls``: method, path and activity. ``refusals``: statuses that are answered next."""

    url: str = ""
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)

    def said(self) -> list[dict[str, Any]]:
        """The bot's messages, the edited ones left out."""
        return [said for method, _, said in self.calls if method == "POST" and said["type"] == "message"]

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, request.path, await request.json()))
        if self.refusals:
            error = {"error": {"code": "Refused", "message": "no"}}
            return web.json_response(error, status=self.refusals.pop(0))
        return web.json_response({"id": f"r{len(self.calls)}"})

    def activity(self, text: str, **more: Any) -> dict[str, Any]:
        """What Ann writes to the bot."""
        return {
            "type": "message",
            "id": "a1",
            "channelId": "emulator",
            "serviceUrl": self.url,
            "conversation": {"id": "c1"},
            "from": {"id": "ann", "name": "Ann"},
            "recipient": {"id": "bot", "name": "Shop"},
            "text": text,
        } | more


async def tell(port: int, activity: Any, authorization: str = "") -> int:
    """Calls the bot; returns the status of its answer."""
    headers = {"Authorization": authorization} if authorization else {}
    async with httpx.AsyncClient() as http:
        return (await http.post(f"http://127.0.0.1:{port}/api/messages", json=activity, headers=headers)).status_code


@contextlib.asynccontextmanager
async def connector():
    stub = ConnectorStub()
    async with listening(web.route("*", "/v3/conversations/{path:.*}", stub.answer)) as url:
        stub.url = url
        yield stub
