"""One answer: shown while it is written where messages can be edited, and whole at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from aigc_sdk import AdapterError

from .pieces import pieces
from .platform import Place, Platform

log = logging.getLogger(__name__)

_TYPING_EVERY_S = 4.0
"""Telegram shows for five seconds that somebody types, others for longer."""


class Reply:
    """An answer to one message.

    Args:
        every_s: least seconds between two edits. 0 shows nothing before the end.
    """

    def __init__(self, platform: Platform, place: Place, every_s: float) -> None:
        self._platform = platform
        self._place = place
        self._every_s = every_s
        self._edits_left = platform.max_edits if every_s else 0
        self._message = ""
        self._shown = ""
        self._written = ""
        self._at = time.monotonic()

    async def add(self, text: str) -> None:
        """The next words. They are shown if the last ones were shown long enough ago."""
        self._written += text
        now = time.monotonic()
        if now - self._at < self._every_s or not self._may_show():
            return
        first = pieces(self._written, self._platform.max_chars)[:1]
        if first and first[0] != self._shown:
            await self._show(first[0])
            self._at = time.monotonic()

    def _may_show(self) -> bool:
        """One edit is kept for the end."""
        return self._edits_left is None or self._edits_left > 1

    async def _show(self, text: str) -> None:
        try:
            if self._message:
                await self._edit(text)
            else:
                self._message = await self._platform.send(self._place, text)
                self._shown = text
        except AdapterError as error:
            log.info("not shown while it is written: %s", error)
            self._edits_left = 0 if not self._message else 1

    async def _edit(self, text: str) -> None:
        if self._edits_left is not None:
            self._edits_left -= 1
        await self._platform.edit(self._place, self._message, text)
        self._shown = text

    async def finish(self, text: str) -> None:
        """The whole answer, which replaces what was shown; what does not fit one message goes on in further ones."""
        first, *others = pieces(text, self._platform.max_chars) or [""]
        if first and first != self._shown:
            await self._replace(first)
        for other in others:
            await self._platform.send(self._place, other)

    async def _replace(self, text: str) -> None:
        if self._message:
            try:
                await self._edit(text)
                return
            except AdapterError as error:
                log.info("sent anew, as it cannot be edited: %s", error)
        await self._platform.send(self._place, text)

    async def stop(self, note: str) -> None:
        """Ends the answer where it is; ``note`` says that it was stopped."""
        if self._message:
            await self.finish(f"{self._written.strip()} {note}")


@contextlib.asynccontextmanager
async def typing(platform: Platform, place: Place) -> AsyncIterator[None]:
    """Shows in the room that an answer is being written, while the block runs."""
    task = asyncio.create_task(_keep_typing(platform, place))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await _typing(platform, place, False)


async def _keep_typing(platform: Platform, place: Place) -> None:
    while True:
        await _typing(platform, place, True)
        await asyncio.sleep(_TYPING_EVERY_S)


async def _typing(platform: Platform, place: Place, on: bool) -> None:
    try:
        await platform.typing(place, on)
    except AdapterError as error:  # a courtesy, not worth losing an answer for
        log.debug("typing: %s", error)
