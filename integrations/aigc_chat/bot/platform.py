"""What the bot asks of a platform: the protocol that each skin implements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is said.

    Attributes:
        room: the platform's id of a room, channel or conversation.
        thread: its id of a thread in there; empty outside of threads.
        reply_to: the message that is answered; empty for something said unasked.
    """

    room: str
    thread: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that somebody wrote.

    Attributes:
        id: the message's, on its platform. sender: the platform's id of who wrote it.
        text: without the bot's name in front.
        thread: as in :class:`Place`.
        direct: nobody but the sender and the bot is in the room.
        addressed: the bot is named, or something that it said is answered.
        language: a BCP 47 tag, if the platform knows the sender's; else empty.
        unreadable: why there is no text, if there is none that the bot could read.
    """

    room: str
    id: str
    sender: str
    text: str
    thread: str = ""
    direct: bool = False
    addressed: bool = False
    language: str = ""
    unreadable: Literal["", "encrypted", "not_text"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be shown in a room. ``width`` and ``height`` in pixels, ``duration_s`` in seconds; 0 is not known."""

    name: str
    media_type: str
    data: bytes
    caption: str = ""
    width: int = 0
    height: int = 0
    duration_s: float = 0


Receive = Callable[[Incoming], Awaitable[None]]
"""Takes a message. Returns soon; what answers it goes on by itself."""


class Platform(Protocol):
    """A connection to one platform, with the bot's account. All methods run in one event loop.

    What fails is an :class:`~aigc_sdk.AdapterError`, without secrets in it.

    Attributes:
        name: such as ``matrix``.
        max_chars: most characters of one message.
        max_edits: how often one message can be edited: 0 not at all, None without limit.
        max_upload: most bytes of a file.
        prefixes: what a command may begin with.
    """

    name: str
    max_chars: int
    max_edits: int | None
    max_upload: int
    prefixes: tuple[str, ...]

    async def connect(self) -> None:
        """Logs in, so that something can be sent. Does nothing if it is connected.

        Raises:
            CredentialsRefused: the account is not let in.
            TargetUnavailable: the platform cannot be reached.
        """

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        """Connects, and hands over messages until it is cancelled.

        Left out is what the bot wrote itself, what other bots wrote where the platform tells them apart, and what was
        written before it started. After a loss of the connection it connects again.

        Args:
            ready: called once, when messages are received from now on.

        Raises:
            AdapterError: as :meth:`connect`, or the account was locked out later.
        """

    async def send(self, place: Place, text: str) -> str:
        """Says something; returns the message's id. The text is at most ``max_chars`` long."""

    async def edit(self, place: Place, message: str, text: str) -> None:
        """Replaces the text of a message that :meth:`send` has sent."""

    async def typing(self, place: Place, on: bool) -> None:
        """Shows for some seconds that an answer is being written, or no longer. Not known everywhere."""

    async def upload(self, place: Place, file: File) -> str:
        """Shows a file; returns the message's id."""

    async def close(self) -> None:
        """Ends the connection."""
