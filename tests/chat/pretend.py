"""A platform that is none: what is said on it is kept in a list. The bot's core is tested on it; the skins are tested
against servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aigc_chat.bot import File, Incoming, Place
from aigc_chat.bot.platform import Receive

from aigc_sdk import AdapterError


@dataclass
class Said:
    """One message of the bot: its texts, the edited ones included, oldest first."""

    place: Place
    texts: list[str]
    file: File | None = None

    @property
    def text(self) -> str:
        return self.texts[-1]


@dataclass
class PretendPlatform:
    """Attributes are those of a platform; ``break_edits`` and ``down`` make it fail."""

    name: str = "pretend"
    max_chars: int = 4000
    max_edits: int | None = None
    max_upload: int = 10_000_000
    prefixes: tuple[str, ...] = ("!",)
    said: list[Said] = field(default_factory=list)
    typed: list[bool] = field(default_factory=list)
    break_edits: bool = False
    down: bool = False
    closed: bool = False
    spoken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        self.receive = receive
        ready()
        await asyncio.Event().wait()

    async def send(self, place: Place, text: str) -> str:
        return self._say(Said(place, [text]))

    async def edit(self, place: Place, message: str, text: str) -> None:
        self._check(text)
        if self.break_edits or self.max_edits == 0:
            raise AdapterError("cannot be edited")
        self.said[int(message)].texts.append(text)

    async def typing(self, place: Place, on: bool) -> None:
        self.typed.append(on)

    async def upload(self, place: Place, file: File) -> str:
        return self._say(Said(place, [file.caption], file))

    async def close(self) -> None:
        self.closed = True

    def _say(self, said: Said) -> str:
        self._check(said.text)
        self.said.append(said)
        self.spoken.set()
        return str(len(self.said) - 1)

    def _check(self, text: str) -> None:
        if self.down:
            raise AdapterError("the platform is down")
        assert text, "an empty message"
        assert len(text) <= self.max_chars

    @property
    def texts(self) -> list[str]:
        """The latest text of each message."""
        return [said.text for said in self.said]


def incoming(text: str, **changes) -> Incoming:
    """A message of Ann's to the bot alone."""
    return Incoming(**{"room": "r1", "id": "m1", "sender": "ann", "text": text, "direct": True} | changes)
