"""Telegram, through python-telegram-bot, which asks the Bot API for news (long polling)."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import InputFile, Message, MessageEntity, ReplyParameters, Update
from telegram.constants import ChatAction, FileSizeLimit, MessageLimit
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, MessageHandler, filters

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

_LONGEST_PAUSE_S = 60
_PHOTO_BYTES = int(FileSizeLimit.PHOTOSIZE_UPLOAD)


class Telegram:
    """A Telegram bot. In groups it gets what its privacy mode lets through: commands, and answers to what it said."""

    name = "telegram"
    max_chars = int(MessageLimit.MAX_TEXT_LENGTH)
    max_edits = None
    max_upload = int(FileSizeLimit.FILESIZE_UPLOAD)
    prefixes = ("/", "!")

    def __init__(self, credentials: Credentials) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs URLs, which hold the token
        self._url = credentials["url"].rstrip("/")
        self._token = credentials.secret("token")
        self._app: Application[Any, Any, Any, Any, Any, Any] | None = None

    async def connect(self) -> None:
        if self._app is not None:
            return
        builder = ApplicationBuilder().token(self._token.get_secret_value()).concurrent_updates(False)
        app = builder.base_url(f"{self._url}/bot").base_file_url(f"{self._url}/file/bot").build()
        try:
            await self._asked(app.initialize)
        except AdapterError:
            await app.shutdown()
            raise
        self._app = app

    async def close(self) -> None:
        if self._app is not None:
            await self._app.shutdown()
            self._app = None

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        await self.connect()
        app = self._running()

        async def on_update(update: Update, _: Any) -> None:
            message = self._incoming(update.message) if update.message else None
            if message is not None:
                await receive(message)

        app.add_handler(MessageHandler(filters.ALL, on_update))
        assert app.updater is not None
        await app.start()
        try:
            await self._asked(
                lambda: app.updater.start_polling(  # type: ignore[union-attr]
                    drop_pending_updates=True, allowed_updates=[Update.MESSAGE], error_callback=self._polling_failed
                )
            )
            ready()
            await asyncio.Event().wait()
        finally:
            if app.updater.running:
                await app.updater.stop()
            await app.stop()

    def _polling_failed(self, error: TelegramError) -> None:
        """The library goes on asking; that another process asks with the same token is worth a word, too."""
        log.warning("telegram: no news: %s", self._mapped(error))

    def _running(self) -> Application[Any, Any, Any, Any, Any, Any]:
        if self._app is None:
            raise TargetUnavailable("not connected", plugin=self.name)
        return self._app

    # --- what others say -----------------------------------------------------------------------------------------

    def _incoming(self, message: Message) -> Incoming | None:
        person, me = message.from_user, self._running().bot
        if person is None or person.is_bot:
            return None
        written = message.text or message.caption or ""
        text, named = without_name(written, me.username)
        answered = message.reply_to_message
        mentions = (message.parse_entities([MessageEntity.MENTION]) or {}).values() if message.text else ()
        to_me = answered is not None and answered.from_user is not None and answered.from_user.id == me.id
        return Incoming(
            room=str(message.chat_id),
            id=str(message.message_id),
            sender=str(person.id),
            text="/help" if text.strip() == "/start" else text,
            thread=str(message.message_thread_id) if message.is_topic_message else "",
            direct=message.chat.type == "private",
            addressed=named or to_me or f"@{me.username}" in mentions,
            language=person.language_code or "",
            unreadable="" if message.text else "not_text",
        )

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        sent = await self._patiently(lambda: self._running().bot.send_message(text=text, **_where(place)))
        return str(sent.message_id)

    async def edit(self, place: Place, message: str, text: str) -> None:
        bot = self._running().bot
        await self._asked(lambda: bot.edit_message_text(text, chat_id=place.room, message_id=int(message)))

    async def typing(self, place: Place, on: bool) -> None:
        if on:  # it ends by itself
            thread = int(place.thread) if place.thread else None
            bot = self._running().bot
            await self._asked(lambda: bot.send_chat_action(place.room, ChatAction.TYPING, message_thread_id=thread))

    async def upload(self, place: Place, file: File) -> str:
        sent = await self._patiently(lambda: self._show(place, file))
        return str(sent.message_id)

    def _show(self, place: Place, file: File) -> Any:
        """The method that shows such a file best; what none shows is sent as a document."""
        bot: Any = self._running().bot
        data = InputFile(file.data, filename=file.name)
        where = _where(place) | {"caption": file.caption or None, "write_timeout": 120}
        seconds = round(file.duration_s) or None
        size = {"width": file.width or None, "height": file.height or None}
        if file.media_type in ("image/png", "image/jpeg", "image/webp") and len(file.data) <= _PHOTO_BYTES:
            return bot.send_photo(photo=data, **where)
        if file.media_type == "image/gif":
            return bot.send_animation(animation=data, **where)
        if file.media_type == "video/mp4":
            return bot.send_video(video=data, duration=seconds, **size, **where)
        if file.media_type in ("audio/mpeg", "audio/mp4"):
            return bot.send_audio(audio=data, duration=seconds, **where)
        return bot.send_document(document=data, **where)

    # --- errors --------------------------------------------------------------------------------------------------

    async def _patiently(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Asks, and once more after the pause that Telegram wants."""
        try:
            return await ask()
        except RetryAfter as error:
            pause = _seconds(error)
            if pause > _LONGEST_PAUSE_S:
                raise self._mapped(error) from None
            log.info("telegram: a pause of %.0f s is wanted", pause)
            await asyncio.sleep(pause)
        except TelegramError as error:
            raise self._mapped(error) from None
        return await self._asked(ask)

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await ask()
        except BadRequest as error:
            if "not modified" in str(error):
                return None
            raise self._mapped(error) from None
        except TelegramError as error:
            raise self._mapped(error) from None

    def _mapped(self, error: TelegramError) -> AdapterError:
        said = str(error).replace(self._token.get_secret_value(), "***")
        if isinstance(error, InvalidToken):
            return CredentialsRefused("Telegram refused the token", plugin=self.name, fix=_ADVICE)
        if isinstance(error, Forbidden):
            return PermissionRefused(f"Telegram refused: {said}", plugin=self.name)
        if isinstance(error, RetryAfter):
            return TargetUnavailable(f"Telegram wants a pause of {_seconds(error):.0f} s", plugin=self.name)
        if isinstance(error, BadRequest):
            return ContentRefused(f"Telegram refused: {said}", plugin=self.name)
        if isinstance(error, NetworkError):
            return TargetUnavailable(f"no answer from Telegram: {said}", plugin=self.name, may_have_happened=True)
        return AdapterError(f"Telegram: {said}", plugin=self.name)


_ADVICE = "set AIGC_TELEGRAM_TOKEN to the one that @BotFather shows"


def _seconds(error: RetryAfter) -> float:
    """The pause that is wanted; the library is about to change its type, and warns of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        wanted = error.retry_after
    return wanted if isinstance(wanted, int) else wanted.total_seconds()


def _where(place: Place) -> dict[str, Any]:
    reply = ReplyParameters(int(place.reply_to), allow_sending_without_reply=True) if place.reply_to else None
    thread = int(place.thread) if place.thread and place.thread != place.reply_to else None
    return {"chat_id": place.room, "reply_parameters": reply, "message_thread_id": thread}
