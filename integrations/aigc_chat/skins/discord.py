"""Discord, through discord.py: the gateway for what is said, HTTP for what the bot says."""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from aiohttp import ClientError

from aigc_sdk import (
    AdapterError,
    ContentRefused,
    Credentials,
    CredentialsRefused,
    PermissionRefused,
    TargetUnavailable,
)

from ..bot.platform import File, Incoming, Place, Receive
from .common import without_name

log = logging.getLogger(__name__)

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nothing is said aloud

_ADVICE = "set AIGC_DISCORD_TOKEN to the bot's token (Developer Portal, Bot)"
_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)
_THREAD_NAME = "aigc"
_HAS_A_THREAD = 160004
"""https://docs.discord.com/developers/topics/opcodes-and-status-codes#json"""


class Discord:
    """A Discord bot. It needs the intent "Message Content" to see commands of those who do not name it."""

    name = "discord"
    max_chars = 2000
    max_edits = None
    max_upload = 10_000_000
    prefixes = ("!",)

    def __init__(self, credentials: Credentials) -> None:
        self._token = credentials.secret("token")
        intents = discord.Intents(guilds=True, messages=True, message_content=credentials["message_content"] != "no")
        nobody = discord.AllowedMentions.none()  # whatever a model writes
        self._client = discord.Client(
            intents=intents, allowed_mentions=nobody, max_messages=None, chunk_guilds_at_startup=False
        )
        self._logged_in = False
        self._threads: set[str] = set()

    # --- connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        if not self._logged_in:
            await self._asked(lambda: self._client.login(self._token.get_secret_value()))
            self._logged_in = True

    async def close(self) -> None:
        await self._client.close()

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        await self.connect()
        begun: list[bool] = []

        async def on_ready() -> None:
            if not begun:  # it comes again after a reconnection
                begun.append(True)
                ready()

        async def on_message(message: discord.Message) -> None:
            said = self._incoming(message)
            if said is not None:
                await receive(said)

        self._client.event(on_ready)
        self._client.event(on_message)
        await self._asked(self._client.connect)

    # --- what others say -----------------------------------------------------------------------------------------

    def _incoming(self, message: discord.Message) -> Incoming | None:
        me, channel = self._client.user, message.channel
        if me is None or message.author.bot or message.type not in _SPOKEN:
            return None
        thread = channel if isinstance(channel, discord.Thread) else None
        text, _ = without_name(message.content.replace(f"<@!{me.id}>", f"<@{me.id}>"), f"<@{me.id}>")
        return Incoming(
            room=str(thread.parent_id if thread else channel.id),
            id=str(message.id),
            sender=str(message.author.id),
            text=text.replace(f"<@{me.id}>", "").strip(),
            thread=str(thread.id) if thread else "",
            direct=message.guild is None,
            addressed=me in message.mentions or str(channel.id) in self._threads,
            unreadable="not_text" if not message.content and message.attachments else "",
        )

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        return await self._say(place, content=text)

    async def edit(self, place: Place, message: str, text: str) -> None:
        channel = self._client.get_partial_messageable(int(place.thread or place.room))
        await self._asked(lambda: channel.get_partial_message(int(message)).edit(content=text))

    async def typing(self, place: Place, on: bool) -> None:
        if on:  # it ends by itself
            room = int(place.thread or place.room)
            if not place.thread or place.thread in self._threads or place.thread != place.reply_to:
                await self._asked(lambda: self._client.http.send_typing(room))

    async def upload(self, place: Place, file: File) -> str:
        data = discord.File(io.BytesIO(file.data), filename=file.name, description=file.caption or None)
        return await self._say(place, file=data)

    async def _say(self, place: Place, **what: Any) -> str:
        await self._open_thread(place)
        room = int(place.thread or place.room)
        channel = self._client.get_partial_messageable(room)
        if place.reply_to and place.reply_to != place.thread:
            what["reference"] = discord.MessageReference(
                message_id=int(place.reply_to), channel_id=room, fail_if_not_exists=False
            )
        sent = await self._asked(lambda: channel.send(**what))
        return str(sent.id)

    async def _open_thread(self, place: Place) -> None:
        """Opens the thread of a message, if that is where the answer goes: it has the message's own id."""
        if not place.thread or place.thread != place.reply_to or place.thread in self._threads:
            return
        room, message = int(place.room), int(place.thread)
        try:
            await self._client.http.start_thread_with_message(
                room, message, name=_THREAD_NAME, auto_archive_duration=1440
            )
        except discord.HTTPException as error:
            if error.code != _HAS_A_THREAD:
                raise self._mapped(error) from None
        self._threads.add(place.thread)

    # --- errors --------------------------------------------------------------------------------------------------

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await ask()
        except (discord.DiscordException, ClientError, TimeoutError, OSError) as error:
            raise self._mapped(error) from None

    def _mapped(self, error: Exception) -> AdapterError:
        match error:
            case discord.LoginFailure():
                return CredentialsRefused("Discord refused the token", plugin=self.name, fix=_ADVICE)
            case discord.PrivilegedIntentsRequired():
                fix = "switch on Message Content Intent (Developer Portal, Bot), or set message_content: no"
                return PermissionRefused("the bot may not read what is said", plugin=self.name, fix=fix)
            case discord.ConnectionClosed(code=4004):
                return CredentialsRefused("Discord refused the token", plugin=self.name, fix=_ADVICE)
            case discord.Forbidden():
                return PermissionRefused(
                    f"Discord refused: {error.text}", plugin=self.name, fix="give the bot the right"
                )
            case discord.HTTPException(status=status) if status in (400, 413):
                return ContentRefused(f"Discord refused: {error.text}", plugin=self.name)
            case discord.HTTPException(status=status) if status < 500 and status != 429:
                return AdapterError(f"Discord refused: {error.text} ({status})", plugin=self.name)
        what = f"no answer from Discord ({type(error).__name__})"
        return TargetUnavailable(what, plugin=self.name, may_have_happened=True)
