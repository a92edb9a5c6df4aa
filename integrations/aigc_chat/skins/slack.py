"""Slack, through slack-bolt: the Events API over HTTP, each call's signature checked."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientError, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from aigc_sdk import (
    AdapterError,
    ContentRefused,
    Credentials,
    CredentialsRefused,
    InvalidRequest,
    PermissionRefused,
    TargetUnavailable,
)

from ..bot.platform import File, Incoming, Place, Receive
from .common import Own
from .webhook import Webhook, forever

log = logging.getLogger(__name__)

_LOCKED_OUT = {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}
_FORBIDDEN = {"missing_scope", "not_in_channel", "channel_not_found", "is_archived", "restricted_action"}
_TOO_MUCH = {"msg_too_long", "file_uploads_disabled", "invalid_blocks", "no_text"}
_SHOWN_KINDS = (None, "file_share", "thread_broadcast")


class Slack:
    """A Slack app's bot user.

    It needs the scopes ``chat:write`` and ``files:write`` and the events ``message.im`` and ``app_mention``; for
    commands among several people also ``message.channels`` with ``channels:history``.
    """

    name = "slack"
    max_chars = 3800
    """An edited text has at most 4,000 characters, after ``&``, ``<`` and ``>`` were escaped."""
    max_edits = None
    max_upload = 100_000_000
    prefixes = ("!",)

    def __init__(self, credentials: Credentials) -> None:
        self._webhook = Webhook(credentials, "/slack/events")
        self._signing = credentials.secret("signing_secret")
        self._client = AsyncWebClient(
            credentials.secret("token").get_secret_value(),
            base_url=credentials["url"].rstrip("/") + "/",
            retry_handlers=[AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=2)],
        )
        self._seen = Own()
        self._own = Own()
        self._user = ""

    # --- connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        if not self._user:
            me = await self._asked(self._client.auth_test)
            self._user = str(me["user_id"])

    async def close(self) -> None:
        session = self._client.session
        if session is not None:
            await session.close()

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        await self.connect()
        secret = self._signing.get_secret_value()
        if not secret:
            what = "the signing secret is missing, without which anybody could speak for Slack"
            raise InvalidRequest(what, plugin=self.name, fix="set AIGC_SLACK_SIGNING_SECRET (Basic Information)")
        app = AsyncApp(client=self._client, signing_secret=secret, logger=log)

        async def on_event(event: dict[str, Any]) -> None:
            message = self._incoming(event)
            if message is not None:
                await receive(message)

        app.event("message")(on_event)
        app.event("app_mention")(on_event)

        async def on_call(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        async with self._webhook.serving(on_call):
            ready()
            await forever()

    @property
    def port(self) -> int:
        """Where calls are received, once it runs."""
        return self._webhook.port

    # --- what others say -----------------------------------------------------------------------------------------

    def _incoming(self, event: dict[str, Any]) -> Incoming | None:
        """What was said. Slack tells a mention twice, as message and as mention, and what it thinks was lost again."""
        room, number, person = event.get("channel", ""), event.get("ts", ""), event.get("user", "")
        if event.get("bot_id") or not person or event.get("subtype") not in _SHOWN_KINDS:
            return None
        if f"{room} {number}" in self._seen:
            return None
        self._seen.add(f"{room} {number}")
        written = event.get("text", "")
        thread = event.get("thread_ts", "")
        mentioned = f"<@{self._user}>" in written
        text = _plain(re.sub(rf"\s*<@{re.escape(self._user)}>:?\s*", " ", written))
        return Incoming(
            room=room,
            id=number,
            sender=person,
            text=text,
            thread=thread,
            direct=event.get("channel_type") == "im",
            addressed=mentioned or (bool(thread) and f"{room} {thread}" in self._own),
            unreadable="not_text" if not text and event.get("files") else "",
        )

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        sent = await self._asked(
            lambda: self._client.chat_postMessage(
                channel=place.room,
                text=_escaped(text),
                thread_ts=place.thread or None,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        self._own.add(f"{place.room} {place.thread or sent['ts']}")
        return str(sent["ts"])

    async def edit(self, place: Place, message: str, text: str) -> None:
        await self._asked(lambda: self._client.chat_update(channel=place.room, ts=message, text=_escaped(text)))

    async def typing(self, place: Place, on: bool) -> None:
        """Slack has no such thing for bots."""

    async def upload(self, place: Place, file: File) -> str:
        done = await self._asked(
            lambda: self._client.files_upload_v2(
                channel=place.room,
                content=file.data,
                filename=file.name,
                title=file.caption or file.name,
                alt_txt=file.caption if file.media_type.startswith("image/") else None,
                thread_ts=place.thread or None,
            )
        )
        return str(done["files"][0]["id"])

    # --- errors --------------------------------------------------------------------------------------------------

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await ask()
        except SlackApiError as error:
            raise self._mapped(error) from None
        except (ClientError, TimeoutError, OSError) as error:
            what = f"no answer from Slack ({type(error).__name__})"
            raise TargetUnavailable(what, plugin=self.name, may_have_happened=True) from None

    def _mapped(self, error: SlackApiError) -> AdapterError:
        answer = error.response if isinstance(error.response, dict) else error.response.data
        said = str(answer.get("error", "unknown error")) if isinstance(answer, dict) else "no JSON"
        what = f"Slack refused: {said}"
        if said in _LOCKED_OUT:
            return CredentialsRefused(what, plugin=self.name, fix="set AIGC_SLACK_TOKEN to the app's bot token (xoxb-)")
        if said in _FORBIDDEN:
            needed = answer.get("needed") if isinstance(answer, dict) else None
            fix = f"give the app the scope {needed}" if needed else "invite the app to the channel"
            return PermissionRefused(what, plugin=self.name, fix=fix)
        if said in _TOO_MUCH:
            return ContentRefused(what, plugin=self.name)
        unavailable = said in ("ratelimited", "internal_error", "fatal_error", "no JSON")
        return (TargetUnavailable if unavailable else AdapterError)(what, plugin=self.name)


def _escaped(text: str) -> str:
    """Without Slack's own marks, so that no text calls everybody (``<!channel>``)."""
    return html.escape(text, quote=False)


def _plain(text: str) -> str:
    """What was typed: links and names as they are read."""
    text = re.sub(r"<[^<>|]*\|([^<>]*)>", r"\1", text)
    return html.unescape(re.sub(r"<([^<>]*)>", r"\1", text)).strip()
