"""Files that a platform fetches from the bot, under addresses that nobody guesses."""

from __future__ import annotations

import secrets
from collections import OrderedDict

from aiohttp import web

from ..bot.platform import File

_KEPT = 50


class SharedFiles:
    """The latest files, in memory.

    Args:
        public: URL under which this server is reached from outside; empty if it is not.
    """

    def __init__(self, public: str) -> None:
        self.public = public.rstrip("/")
        self._files: OrderedDict[str, File] = OrderedDict()

    @property
    def route(self) -> web.RouteDef:
        """Where they are fetched."""
        return web.get("/files/{key}/{name}", self._fetch)

    def add(self, file: File) -> str:
        """Keeps a file, and returns its address."""
        key = secrets.token_urlsafe(24)
        self._files[key] = file
        if len(self._files) > _KEPT:
            self._files.popitem(last=False)
        return f"{self.public}/files/{key}/{file.name}"

    async def _fetch(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["key"])
        if file is None or file.name != request.match_info["name"]:
            return web.Response(status=404)
        return web.Response(body=file.data, content_type=file.media_type, headers={"X-Content-Type-Options": "nosniff"})
