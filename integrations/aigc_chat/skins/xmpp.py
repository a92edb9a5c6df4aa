"""XMPP, through slixmpp: people (RFC 6121) and rooms (XEP-0045), without OMEMO."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import ssl
from collections.abc import Callable
from typing import Any

from aiohttp import ClientError
from slixmpp import JID, ClientXMPP, Message
from slixmpp.exceptions import IqError, IqTimeout, PresenceError
from slixmpp.plugins.xep_0363 import FileTooBig, HTTPError, UploadServiceNotFound

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
from .xmpp_settings import address, plain

log = logging.getLogger(__name__)

_PLUGINS = (
    "xep_0030",  # what a server can do
    "xep_0045",  # rooms
    "xep_0066",  # the address of a file
    "xep_0085",  # typing
    "xep_0199",  # pings, so that a dead connection is noticed
    "xep_0203",  # delayed messages
    "xep_0249",  # invitations
    "xep_0308",  # corrections
    "xep_0359",  # ids that a room gives
    "xep_0363",  # uploads
    "xep_0461",  # replies
)
_PATIENCE_S = 30
_OMEMO = "{eu.siacs.conversations.axolotl}encrypted"
_FAILURES = (IqError, IqTimeout, PresenceError, TimeoutError)


class Xmpp:
    """An XMPP account. It joins the rooms of its settings, and those to which it is invited."""

    name = "xmpp"
    max_chars = 5000
    max_edits = None
    prefixes = ("!",)

    def __init__(self, credentials: Credentials) -> None:
        self._user = credentials["user"]
        if not re.fullmatch(r"[^@/\s]+@[^@/\s]+", self._user):
            raise InvalidRequest(f"xmpp: user {self._user!r} is no XMPP address", fix="such as shop@example.org")
        self._password = credentials.secret("password")
        self._nick = credentials["nick"] or self._user.partition("@")[0]
        self._wanted = [room for room in re.split(r"[,\s]+", credentials["rooms"]) if room]
        self._address = address(credentials["server"])
        self._plain = plain(credentials["encryption"], self._address[0])
        self.max_upload = 10_000_000
        self._own = Own()
        self._rooms: set[str] = set()
        self._closing = False
        self._client: ClientXMPP | None = None
        self._receive: Receive | None = None

    # --- connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        if self._client is not None:
            return
        self._client = client = self._new_client()
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refused: asyncio.Future[AdapterError] = asyncio.get_running_loop().create_future()
        client.connect(*self._address)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                ends: list[asyncio.Future[Any]] = [self._started, self._refused]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._refuse(TargetUnavailable(f"{self._user}: the server does not answer", plugin=self.name))
        if self._refused.done():
            raise self._refused.result()
        await self._find_uploads()
        for room in self._wanted:
            await self._join(room)

    def _new_client(self) -> ClientXMPP:
        client = ClientXMPP(self._user, self._password.get_secret_value())
        client.ssl_context = ssl.create_default_context()  # slixmpp's own would take any certificate
        for plugin in _PLUGINS:
            client.register_plugin(plugin)
        if self._plain:
            client.enable_starttls = client.enable_direct_tls = False
            client.enable_plaintext = True
            client.plugin["feature_mechanisms"].unencrypted_plain = True
            client.plugin["feature_mechanisms"].unencrypted_scram = True
        client.add_event_handler("session_start", self._begin)
        client.add_event_handler("failed_all_auth", self._locked_out)
        client.add_event_handler("no_auth", self._locked_out)
        client.add_event_handler("connection_failed", self._unreachable)
        client.add_event_handler("disconnected", self._lost)
        client.add_event_handler("groupchat_direct_invite", self._invited_directly)
        client.add_event_handler("groupchat_invite", self._invited)
        client.add_event_handler("message", self._message)
        return client

    async def _begin(self, _: Any) -> None:
        assert self._client is not None
        self._client.send_presence()
        await self._client.get_roster()
        if not self._started.done():
            self._started.set_result(None)
            return
        log.info("xmpp: connected again")
        for room in sorted(self._rooms):
            await self._join(room)

    def _locked_out(self, _: Any) -> None:
        what = f"{self._user} is not let in"
        self._refuse(CredentialsRefused(what, plugin=self.name, fix="set AIGC_XMPP_PASSWORD of the bot's account"))

    def _unreachable(self, why: Any) -> None:
        if not self._started.done():
            what = f"the server of {self._user} cannot be reached ({type(why).__name__})"
            self._refuse(TargetUnavailable(what, plugin=self.name, fix="is it up? is `server` right?"))

    def _refuse(self, error: AdapterError) -> None:
        assert self._client is not None
        self._client.cancel_connection_attempt()
        if not self._refused.done():
            self._refused.set_result(error)

    def _lost(self, why: Any) -> None:
        if not self._closing and not self._refused.done() and self._client is not None:
            log.warning("xmpp: the connection was lost (%s); connecting again", why or "no reason given")
            self._client.connect(*self._address)

    async def _find_uploads(self) -> None:
        assert self._client is not None
        try:
            found = await self._client.plugin["xep_0363"].find_upload_service(timeout=_PATIENCE_S)
        except _FAILURES as error:
            log.warning("xmpp: the server does not tell where files are uploaded: %s", type(error).__name__)
            return
        forms = found["disco_info"].iterables if found is not None else ()
        sizes = [form["values"].get("max-file-size") for form in forms]
        self.max_upload = next((int(size) for size in sizes if str(size).isdigit()), self.max_upload)

    async def close(self) -> None:
        self._closing = True
        if self._client is not None:
            self._client.cancel_connection_attempt()
            if self._client.is_connected():
                await self._client.disconnect()
            self._client = None

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        self._receive = receive
        await self.connect()
        ready()
        raise await self._refused

    # --- rooms ---------------------------------------------------------------------------------------------------

    async def _join(self, room: str) -> None:
        assert self._client is not None
        try:
            await self._client.plugin["xep_0045"].join_muc_wait(
                JID(room), self._nick, maxstanzas=0, timeout=_PATIENCE_S
            )
            self._rooms.add(room)
        except _FAILURES as error:
            log.warning("xmpp: cannot join %s: %s", room, type(error).__name__)

    async def _invited(self, message: Message) -> None:
        await self._join(message["from"].bare)

    async def _invited_directly(self, message: Message) -> None:
        await self._join(str(message["groupchat_invite"]["jid"]))

    # --- what others say -----------------------------------------------------------------------------------------

    async def _message(self, message: Message) -> None:
        said = self._incoming(message)
        if said is not None and self._receive is not None:
            await self._receive(said)

    def _incoming(self, message: Message) -> Incoming | None:
        """What was said; None for what the bot said itself, corrections, history, subjects and errors."""
        sender, kind = message["from"], message["type"]
        room = sender.bare in self._rooms
        if kind not in ("chat", "normal", "groupchat") or not message["body"]:
            return None
        if sender.bare == self._user or (room and sender.resource == self._nick):
            return None
        if message.xml.find("{urn:xmpp:delay}delay") is not None or self._corrects(message):
            return None
        text, named = without_name(message["body"], self._nick, self._user)
        return Incoming(
            room=sender.full if room and kind != "groupchat" else sender.bare,
            id=self._id_in(message, kind),
            sender=sender.full if room else sender.bare,
            text=text,
            thread=message["thread"],
            direct=kind != "groupchat",
            addressed=named or message["reply"]["id"] in self._own,
            unreadable=_unreadable(message),
        )

    def _corrects(self, message: Message) -> bool:
        assert self._client is not None
        return bool(self._client.plugin["xep_0308"].is_correction(message))

    def _id_in(self, message: Message, kind: str) -> str:
        """In a room, the id that the room gave."""
        return str((kind == "groupchat" and message["stanza_id"]["id"]) or message["id"])

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        return self._sent(self._new(place, text))

    async def edit(self, place: Place, message: str, text: str) -> None:
        correction = self._new(place, text)
        correction["replace"]["id"] = message
        correction.send()

    async def typing(self, place: Place, on: bool) -> None:
        notice = self._new(place, "")
        notice["chat_state"] = "composing" if on else "active"
        notice.send()

    async def upload(self, place: Place, file: File) -> str:
        url = await self._uploaded(file)
        message = self._new(place, url)  # clients show the picture where text and address are the same
        message["oob"]["url"] = url
        return self._sent(message)

    def _new(self, place: Place, text: str) -> Message:
        if self._client is None or not self._client.is_connected():
            raise TargetUnavailable("there is no connection at the moment", plugin=self.name)
        room = place.room in self._rooms
        message = self._client.make_message(JID(place.room), text, mtype="groupchat" if room else "chat")
        if place.thread:
            message["thread"] = place.thread
        if room and text and place.reply_to:
            message["reply"]["id"] = place.reply_to
        return message

    def _sent(self, message: Message) -> str:
        message.send()
        return self._own.add(str(message["id"]))

    async def _uploaded(self, file: File) -> str:
        self._new(Place(room=self._user), "")  # is there a connection?
        assert self._client is not None
        try:
            url = await self._client.plugin["xep_0363"].upload_file(
                file.name,
                size=len(file.data),
                content_type=file.media_type,
                input_file=io.BytesIO(file.data),
                timeout=_PATIENCE_S,
            )
        except UploadServiceNotFound:
            raise PermissionRefused("the server takes no files", plugin=self.name, fix="see XEP-0363") from None
        except FileTooBig:
            raise ContentRefused("the file is larger than the server takes", plugin=self.name) from None
        except HTTPError as error:
            raise AdapterError(f"the server did not take the file ({error.args[0]})", plugin=self.name) from None
        except (*_FAILURES, ClientError, OSError) as error:
            raise TargetUnavailable(f"no upload: {type(error).__name__}", plugin=self.name) from None
        return str(url)


def _unreadable(message: Message) -> Any:
    if message.xml.find(_OMEMO) is not None:
        return "encrypted"
    return "not_text" if message["oob"]["url"] and message["oob"]["url"] == message["body"].strip() else ""
