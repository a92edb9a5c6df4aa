"""Matrix, through matrix-nio. Rooms without end-to-end encryption."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import time
from collections.abc import Callable
from typing import Any, NoReturn

import nio
from aiohttp import ClientError

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
from .common import Own, without_name

log = logging.getLogger(__name__)

_POLL_MS = 30_000
_LONGEST_PAUSE_S = 60.0
_LOCKED_OUT = {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"}
_REFUSALS = {"M_FORBIDDEN": PermissionRefused, "M_TOO_LARGE": ContentRefused, "M_LIMIT_EXCEEDED": TargetUnavailable}


class Matrix:
    """A Matrix account. It joins rooms to which it is invited, and writes notices, which other bots do not answer."""

    name = "matrix"
    max_chars = 6000
    """An event has at most 65,536 bytes, and an edit holds its text twice (https://spec.matrix.org/v1.16/client-server-api/#size-limits)."""
    max_edits = None
    prefixes = ("!",)

    def __init__(self, credentials: Credentials) -> None:
        server, user = credentials["server"].rstrip("/"), credentials["user"]
        if not re.match(r"https?://", server):
            raise InvalidRequest(f"matrix: server {server!r} is no URL", fix="such as https://matrix.example.org")
        if not re.fullmatch(r"@[^:]+:.+", user):
            raise InvalidRequest(f"matrix: user {user!r} is no Matrix id", fix="such as @shop:example.org")
        config = nio.AsyncClientConfig(max_timeouts=2, max_limit_exceeded=5, request_timeout=60)
        self.max_upload = 10_000_000
        self._client = nio.AsyncClient(server, user, config=config)
        self._password = credentials.secret("password")
        self._token = credentials.secret("token")
        self._user = user
        self._names: tuple[str, ...] = ()
        self._own = Own()
        self._logged_in = False

    # --- connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        if self._logged_in:
            return
        token = self._token.get_secret_value()
        if token:
            self._client.access_token = token
            await self._asked(self._client.whoami())
        elif self._password.get_secret_value():
            await self._asked(self._client.login(self._password.get_secret_value(), device_name="aigc bot"), login=True)
        else:
            raise CredentialsRefused("neither password nor token is given", plugin=self.name, fix=_ADVICE)
        self._user = self._client.user_id
        self._logged_in = True
        config = await self._asked(self._client.content_repository_config())
        self.max_upload = config.upload_size or self.max_upload
        profile = await self._asked(self._client.get_displayname(self._user))
        self._names = (self._user, profile.displayname or "", self._user[1:].partition(":")[0])

    async def close(self) -> None:
        try:
            if self._logged_in and not self._token.get_secret_value():
                await self._asked(self._client.logout())
        except AdapterError as error:
            log.info("matrix: not logged out: %s", error)
        finally:
            await self._client.close()

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        await self.connect()
        started = time.monotonic()
        self._client.add_event_callback(self._invited, nio.InviteMemberEvent)
        await self._asked(self._client.sync(timeout=0, full_state=True))

        async def on_event(room: nio.MatrixRoom, event: nio.Event) -> None:
            if event.sender != self._user and time.monotonic() - _age_s(event) >= started:
                message = self._incoming(room, event)
                if message is not None:
                    await receive(message)

        kinds = (nio.RoomMessageText, nio.RoomMessageMedia, nio.MegolmEvent)
        self._client.add_event_callback(on_event, kinds)
        ready()
        await self._sync_forever()

    async def _sync_forever(self) -> NoReturn:
        pause = 1.0
        while True:
            try:
                await self._asked(self._client.sync(timeout=_POLL_MS))
                pause = 1.0
            except TargetUnavailable as error:
                log.warning("matrix: %s; trying again in %.0f s", error.what, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _invited(self, room: nio.MatrixInvitedRoom, event: nio.InviteMemberEvent) -> None:
        if event.state_key == self._user and event.membership == "invite":
            try:
                await self._asked(self._client.join(room.room_id))
            except AdapterError as error:
                log.warning("matrix: cannot join %s: %s", room.room_id, error)

    # --- what others say -----------------------------------------------------------------------------------------

    def _incoming(self, room: nio.MatrixRoom, event: nio.Event) -> Incoming | None:
        content = event.source.get("content", {})
        relation = content.get("m.relates_to") or {}
        if relation.get("rel_type") == "m.replace":  # somebody corrects what was answered before
            return None
        answered = (relation.get("m.in_reply_to") or {}).get("event_id", "")
        text, named = without_name(_own_words(content.get("body", ""), answered), *self._names)
        mentioned = self._user in ((content.get("m.mentions") or {}).get("user_ids") or ())
        to_bot = answered in self._own and not relation.get("is_falling_back")
        return Incoming(
            room=room.room_id,
            id=event.event_id,
            sender=event.sender,
            text=text,
            thread=relation.get("event_id", "") if relation.get("rel_type") == "m.thread" else "",
            direct=room.member_count == 2,
            addressed=named or mentioned or to_bot,
            unreadable=_unreadable(event),
        )

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        return await self._event(place, {"msgtype": "m.notice", "body": text} | _relation(place))

    async def edit(self, place: Place, message: str, text: str) -> None:
        new = {"msgtype": "m.notice", "body": text}
        relation = {"rel_type": "m.replace", "event_id": message}
        await self._event(place, new | {"body": f"* {text}", "m.new_content": new, "m.relates_to": relation})

    async def typing(self, place: Place, on: bool) -> None:
        await self._asked(self._client.room_typing(place.room, on, timeout=10_000))

    async def upload(self, place: Place, file: File) -> str:
        sent = self._client.upload(
            io.BytesIO(file.data), content_type=file.media_type, filename=file.name, filesize=len(file.data)
        )
        stored, _ = await self._answered(sent)
        self._checked(stored)
        return await self._event(place, _shown(file, stored.content_uri) | _relation(place))

    async def _event(self, place: Place, content: dict[str, Any]) -> str:
        content = content | {"m.mentions": {}}  # nobody is called by what a model writes
        sent = await self._asked(self._client.room_send(place.room, "m.room.message", content))
        return self._own.add(str(sent.event_id))

    # --- errors --------------------------------------------------------------------------------------------------

    async def _asked(self, request: Any, *, login: bool = False) -> Any:
        return self._checked(await self._answered(request), login=login)

    async def _answered(self, request: Any) -> Any:
        try:
            return await request
        except (ClientError, TimeoutError, OSError) as error:
            what = f"{self._client.homeserver} cannot be reached ({type(error).__name__})"
            raise TargetUnavailable(what, plugin=self.name, fix="is the server up?", may_have_happened=True) from None
        except nio.exceptions.LocalProtocolError as error:
            raise AdapterError(f"the library refused: {error}", plugin=self.name) from None

    def _checked(self, response: Any, *, login: bool = False) -> Any:
        if not isinstance(response, nio.ErrorResponse):
            return response
        code, said = str(response.status_code or ""), str(response.message or "unknown error")
        if (login and code == "M_FORBIDDEN") or code in _LOCKED_OUT:
            raise CredentialsRefused(f"{self._user} is not let in: {said}", plugin=self.name, fix=_ADVICE)
        kind = _REFUSALS.get(code, AdapterError if code.startswith("M_") else TargetUnavailable)
        raise kind(f"the server refused: {said}" + (f" ({code})" if code else ""), plugin=self.name)


_ADVICE = "set AIGC_MATRIX_PASSWORD, or AIGC_MATRIX_TOKEN, of the bot's account"


def _age_s(event: nio.Event) -> float:
    """Seconds since it was sent, by the server's own reckoning, so that clocks that differ do no harm."""
    return float((event.source.get("unsigned") or {}).get("age") or 0) / 1000


def _own_words(body: str, answered: str) -> str:
    """A message without the quotation that some clients put in front of an answer."""
    if not answered or not body.startswith("> "):
        return body
    return re.sub(r"\A(?:>[^\n]*\n)+\n?", "", body)


def _unreadable(event: nio.Event) -> Any:
    if isinstance(event, nio.MegolmEvent):
        return "encrypted"
    return "not_text" if isinstance(event, nio.RoomMessageMedia) else ""


def _relation(place: Place) -> dict[str, Any]:
    """As an answer, in its thread if it has one. Clients that know no threads show the answer there, too."""
    if place.thread:
        answer = {"m.in_reply_to": {"event_id": place.reply_to or place.thread}, "is_falling_back": True}
        return {"m.relates_to": {"rel_type": "m.thread", "event_id": place.thread} | answer}
    return {"m.relates_to": {"m.in_reply_to": {"event_id": place.reply_to}}} if place.reply_to else {}


def _shown(file: File, uri: str) -> dict[str, Any]:
    kind = file.media_type.partition("/")[0]
    info: dict[str, Any] = {"mimetype": file.media_type, "size": len(file.data)}
    if file.width and file.height:
        info |= {"w": file.width, "h": file.height}
    if file.duration_s:
        info["duration"] = round(file.duration_s * 1000)
    return {
        "msgtype": f"m.{kind}" if kind in ("image", "audio", "video") else "m.file",
        "body": file.caption or file.name,
        "filename": file.name,
        "url": uri,
        "info": info,
    }
