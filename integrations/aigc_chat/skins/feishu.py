"""Feishu and Lark, through lark-oapi: signed and encrypted events over HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import lark_oapi
import requests
from aiohttp import web
from lark_oapi.api.im.v1 import (
    CreateFileRequest,
    CreateFileRequestBody,
    CreateImageRequest,
    CreateImageRequestBody,
    CreateMessageRequest,
    CreateMessageRequestBody,
    P2ImMessageReceiveV1,
    ReplyMessageRequest,
    ReplyMessageRequestBody,
    UpdateMessageRequest,
    UpdateMessageRequestBody,
)
from lark_oapi.core.exception import ObtainAccessTokenException
from lark_oapi.core.model import RawRequest

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

_TIMEOUT_S = 30
_FORBIDDEN = {230002, 230006, 230027, 99991672}
"""Not in the chat, no bot ability, no permission, no scope."""
_TOO_MUCH = {230025, 230099, 234006, 234011}
"""Text too long, content wrong, file too large, no such file type."""
_SLOW = {230020, 99991400, 11232}
_KINDS = {"audio/ogg": ("opus", "audio"), "video/mp4": ("mp4", "media")}


class Feishu:
    """A bot of a self-built app. In groups it gets the messages that name it, unless the app may read all.

    It needs the permissions ``im:message``, ``im:resource`` and the event ``im.message.receive_v1``.
    """

    name = "feishu"
    max_chars = 4000
    max_edits = 20
    """https://open.feishu.cn/document/server-docs/im-v1/message/update"""
    max_upload = 30_000_000
    prefixes = ("!", "！", "/")

    def __init__(self, credentials: Credentials) -> None:
        self._webhook = Webhook(credentials, "/feishu/events")
        self._encrypt_key = credentials.secret("encrypt_key").get_secret_value()
        self._verification = credentials.secret("verification_token").get_secret_value()
        builder = lark_oapi.Client.builder().app_id(credentials["app_id"]).timeout(_TIMEOUT_S)
        builder = builder.app_secret(credentials.secret("app_secret").get_secret_value())
        self._client = builder.domain(credentials["url"].rstrip("/")).log_level(lark_oapi.LogLevel.WARNING).build()
        self._me = ""
        self._own = Own()
        self._seen = Own()

    # --- connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        if self._me:
            return
        request = lark_oapi.BaseRequest.builder().http_method(lark_oapi.HttpMethod.GET).uri("/open-apis/bot/v3/info")
        request = request.token_types({lark_oapi.AccessTokenType.TENANT})
        answer = await self._asked(self._client.request, request.build())
        self._me = str(json.loads(answer.raw.content)["bot"]["open_id"])

    async def close(self) -> None:
        """Nothing is held open."""

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        if not self._encrypt_key or not self._verification:
            fix = "set AIGC_FEISHU_ENCRYPT_KEY and AIGC_FEISHU_VERIFICATION_TOKEN (Events and Callbacks, Encryption)"
            raise InvalidRequest("without its keys anybody could speak for Feishu", plugin=self.name, fix=fix)
        await self.connect()
        pending: set[asyncio.Task[None]] = set()

        def on_message(event: P2ImMessageReceiveV1) -> None:
            said = self._incoming(event)
            if said is not None:
                task = asyncio.ensure_future(receive(said))
                pending.add(task)
                task.add_done_callback(pending.discard)

        builder = lark_oapi.EventDispatcherHandler.builder(self._encrypt_key, self._verification)
        handler = builder.register_p2_im_message_receive_v1(on_message).build()

        async def on_call(request: web.Request) -> web.Response:
            answer = handler.do(await _raw(request))
            return web.Response(
                status=_status(answer), body=answer.content, content_type="application/json", charset="utf-8"
            )

        async with self._webhook.serving(on_call):
            ready()
            await forever()

    @property
    def port(self) -> int:
        """Where calls are received, once it runs."""
        return self._webhook.port

    # --- what others say -----------------------------------------------------------------------------------------

    def _incoming(self, event: P2ImMessageReceiveV1) -> Incoming | None:
        """What was said; None for what other apps say, and for what Feishu tells again."""
        message, sender = event.event.message, event.event.sender
        if sender.sender_type != "user" or message.message_id in self._seen:
            return None
        self._seen.add(message.message_id)
        is_text = message.message_type == "text"
        text = json.loads(message.content)["text"] if is_text else ""
        mentions = message.mentions or []
        named = any(mention.id is not None and mention.id.open_id == self._me for mention in mentions)
        for mention in mentions:
            mine = mention.id is not None and mention.id.open_id == self._me
            text = text.replace(mention.key, "" if mine else mention.name)
        return Incoming(
            room=message.chat_id,
            id=message.message_id,
            sender=sender.sender_id.open_id,
            text=text.strip(),
            thread=message.thread_id or "",
            direct=message.chat_type == "p2p",
            addressed=named or (message.parent_id or "") in self._own,
            unreadable="" if is_text else "not_text",
        )

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        return await self._say(place, "text", {"text": _harmless(text)})

    async def edit(self, place: Place, message: str, text: str) -> None:
        content = json.dumps({"text": _harmless(text)}, ensure_ascii=False)
        body = UpdateMessageRequestBody.builder().msg_type("text").content(content).build()
        request = UpdateMessageRequest.builder().message_id(message).request_body(body).build()
        await self._asked(self._client.im.v1.message.update, request)

    async def typing(self, place: Place, on: bool) -> None:
        """Feishu has no such thing for bots."""

    async def upload(self, place: Place, file: File) -> str:
        if file.media_type.startswith("image/"):
            image = CreateImageRequestBody.builder().image_type("message").image(_stream(file)).build()
            request = CreateImageRequest.builder().request_body(image).build()
            stored = await self._asked(self._client.im.v1.image.create, request)
            return await self._say(place, "image", {"image_key": stored.data.image_key})
        kind, shown_as = _KINDS.get(file.media_type, ("stream", "file"))
        body = CreateFileRequestBody.builder().file_type(kind).file_name(file.name).file(_stream(file))
        if file.duration_s and kind != "stream":
            body = body.duration(round(file.duration_s * 1000))
        stored = await self._asked(
            self._client.im.v1.file.create, CreateFileRequest.builder().request_body(body.build()).build()
        )
        return await self._say(place, shown_as, {"file_key": stored.data.file_key})

    async def _say(self, place: Place, kind: str, content: dict[str, Any]) -> str:
        text = json.dumps(content, ensure_ascii=False)
        if place.reply_to:
            reply = ReplyMessageRequestBody.builder().msg_type(kind).content(text)
            body = reply.reply_in_thread(bool(place.thread)).build()
            request = ReplyMessageRequest.builder().message_id(place.reply_to).request_body(body).build()
            sent = await self._asked(self._client.im.v1.message.reply, request)
        else:
            new = CreateMessageRequestBody.builder().receive_id(place.room).msg_type(kind).content(text).build()
            message = CreateMessageRequest.builder().receive_id_type("chat_id").request_body(new).build()
            sent = await self._asked(self._client.im.v1.message.create, message)
        return self._own.add(str(sent.data.message_id))

    # --- errors --------------------------------------------------------------------------------------------------

    async def _asked(self, ask: Callable[[Any], Any], request: Any) -> Any:
        """Asks in a thread: the library fetches its tokens with blocking calls, also in its asynchronous methods."""
        try:
            answer = await asyncio.to_thread(ask, request)
        except ObtainAccessTokenException as error:
            what = f"Feishu refused app_id or secret ({error.code})"
            raise CredentialsRefused(what, plugin=self.name, fix="set AIGC_FEISHU_APP_SECRET of this app_id") from None
        except (requests.RequestException, OSError, ValueError) as error:
            what = f"no answer from Feishu ({type(error).__name__})"
            raise TargetUnavailable(what, plugin=self.name, may_have_happened=True) from None
        if answer.success():
            return answer
        what = f"Feishu refused: {answer.msg} ({answer.code})"
        kinds = ((_FORBIDDEN, PermissionRefused), (_TOO_MUCH, ContentRefused), (_SLOW, TargetUnavailable))
        kind = next((kind for codes, kind in kinds if answer.code in codes), AdapterError)
        raise kind(what, plugin=self.name)


async def _raw(request: web.Request) -> RawRequest:
    raw = RawRequest()
    raw.uri = request.path
    raw.headers = dict(request.headers)
    raw.body = await request.read()
    return raw


def _status(answer: Any) -> int:
    """The library answers 500 to a wrong signature or token; that is for the caller to mend."""
    refused = answer.status_code == 500 and re.search(rb"signature|verification_token|decrypt", answer.content or b"")
    return 401 if refused else int(answer.status_code)


def _stream(file: File) -> Any:
    """As the library's form takes it; a mere stream would have no name, and then be no file for the server."""
    return file.name, io.BytesIO(file.data), file.media_type


def _harmless(text: str) -> str:
    """Without Feishu's own marks, so that no text calls everybody (``<at user_id="all">``)."""
    return re.sub(r"<(?=/?at\b)", "＜", text)
