"""Microsoft Teams, through the Bot Framework (botbuilder-core): signed calls in, replies to the service they are of."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import requests
from aiohttp import web
from botbuilder.core import BotFrameworkAdapter, BotFrameworkAdapterSettings, TurnContext
from botbuilder.schema import Activity, ActivityTypes, Attachment, ConversationReference, ErrorResponseException
from botframework.connector.auth import AuthenticationConstants, ClaimsIdentity
from msrest.exceptions import ClientException, HttpOperationError

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
from .shared_files import SharedFiles
from .webhook import Webhook, forever

log = logging.getLogger(__name__)

_INLINE_BYTES = 60_000
"""A message to Teams has at most about 100 KB, and a picture within it grows by a third."""
_REFERENCES = 5000


class Teams:
    """A bot of the Bot Framework, for Teams and the Bot Framework Emulator.

    It can speak where it was spoken to since it started. Files other than small pictures are shown by a link to this
    bot (``public_url``), as Teams takes none from bots without a consent card.
    """

    name = "teams"
    max_chars = 20_000
    max_edits = None
    max_upload = 50_000_000
    prefixes = ("!", "/")

    def __init__(self, credentials: Credentials) -> None:
        self._webhook = Webhook(credentials, "/api/messages")
        self._app_id = credentials["app_id"]
        if not self._app_id and not self._webhook.here:
            what = "without app_id anybody could speak for Teams"
            raise InvalidRequest(f"teams: {what}", fix="set app_id and AIGC_TEAMS_PASSWORD, or host: 127.0.0.1")
        password = credentials.secret("password").get_secret_value()
        self._adapter = BotFrameworkAdapter(
            BotFrameworkAdapterSettings(self._app_id, password, channel_auth_tenant=credentials["tenant"] or None)
        )
        self._files = SharedFiles(credentials["public_url"])
        self._references: dict[str, ConversationReference] = {}
        self._own = Own()
        self._receive: Receive | None = None

    # --- connection ----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """There is none: Teams calls."""

    async def close(self) -> None:
        self._references.clear()

    async def run(self, receive: Receive, ready: Callable[[], None]) -> None:
        self._receive = receive
        async with self._webhook.serving(self._on_call, self._files.route):
            ready()
            await forever()

    @property
    def port(self) -> int:
        """Where calls are received, once it runs."""
        return self._webhook.port

    async def _on_call(self, request: web.Request) -> web.StreamResponse:
        """Takes a call; the library checks who signed it."""
        try:
            activity = Activity().deserialize(await request.json())
        except (ValueError, TypeError, AttributeError, ClientException):
            return web.Response(status=400)
        try:
            await self._adapter.process_activity(activity, request.headers.get("Authorization", ""), self._on_turn)
        except requests.RequestException as error:
            log.warning("teams: who called cannot be checked: %s", type(error).__name__)
            return web.Response(status=503)
        except Exception as error:  # noqa: BLE001 - the library raises all sorts for a token that it does not trust
            log.info("teams: a call was refused: %s", type(error).__name__)
            return web.Response(status=401)
        return web.Response(status=201)

    # --- what others say -----------------------------------------------------------------------------------------

    async def _on_turn(self, context: TurnContext) -> None:
        activity = context.activity
        if activity.type != ActivityTypes.message or self._receive is None:
            return
        room = str(activity.conversation.id)
        if len(self._references) > _REFERENCES:
            self._references.pop(next(iter(self._references)))
        self._references[room] = TurnContext.get_conversation_reference(activity)
        await self._receive(self._incoming(activity, room))

    def _incoming(self, activity: Activity, room: str) -> Incoming:
        written = re.sub(r"<at[^>]*>(.*?)</at>", r"\1", activity.text or "")
        name = activity.recipient.name or ""
        text, named = without_name(written, name)
        mentions = [entity.additional_properties.get("mentioned") or {} for entity in activity.entities or ()]
        return Incoming(
            room=room,
            id=str(activity.id),
            sender=str(activity.from_property.id),
            text=text,
            direct=not activity.conversation.is_group,
            addressed=named
            or any(mention.get("id") == activity.recipient.id for mention in mentions)
            or activity.reply_to_id in self._own,
            language=activity.locale or "",
            unreadable="not_text" if not text and _with_files(activity) else "",
        )

    # --- what the bot says ---------------------------------------------------------------------------------------

    async def send(self, place: Place, text: str) -> str:
        return await self._say(place, Activity(type=ActivityTypes.message, text=text, text_format="plain"))

    async def edit(self, place: Place, message: str, text: str) -> None:
        activity = Activity(type=ActivityTypes.message, id=message, text=text, text_format="plain")
        await self._in(place, lambda context: context.update_activity(activity))

    async def typing(self, place: Place, on: bool) -> None:
        if on:  # it ends by itself
            await self._in(place, lambda context: context.send_activity(Activity(type=ActivityTypes.typing)))

    async def upload(self, place: Place, file: File) -> str:
        activity = Activity(type=ActivityTypes.message, text=file.caption, text_format="plain")
        picture = file.media_type.startswith("image/")
        if picture and len(file.data) <= _INLINE_BYTES:
            url = f"data:{file.media_type};base64,{base64.b64encode(file.data).decode()}"
        elif self._files.public:
            url = self._files.add(file)
        else:
            what = "only small pictures can be shown here"
            raise ContentRefused(what, plugin=self.name, fix="set teams: public_url, under which Teams reaches the bot")
        if picture:
            activity.attachments = [Attachment(content_type=file.media_type, content_url=url, name=file.name)]
        else:
            activity.text = f"{file.caption}\n\n{url}".strip()
        return await self._say(place, activity)

    async def _say(self, place: Place, activity: Activity) -> str:
        sent = await self._in(place, lambda context: context.send_activity(activity))
        return self._own.add(str(sent.id))

    # --- conversations -------------------------------------------------------------------------------------------

    async def _in(self, place: Place, act: Callable[[TurnContext], Awaitable[Any]]) -> Any:
        """Does something in a conversation that was begun by somebody else."""
        reference = self._references.get(place.room)
        if reference is None:
            raise PermissionRefused("nobody has spoken in this conversation yet", plugin=self.name)
        result: list[Any] = []

        async def turn(context: TurnContext) -> None:
            context.activity.id = place.reply_to or None  # what is sent answers this, and else nothing
            result.append(await act(context))

        try:
            identity = self._identity()
            await self._adapter.continue_conversation(reference, turn, claims_identity=identity, audience=_AUDIENCE)
        except (ErrorResponseException, HttpOperationError) as error:
            raise self._refused(error) from None
        except PermissionError:
            fix = "set app_id and AIGC_TEAMS_PASSWORD as the Azure bot shows them"
            raise CredentialsRefused("Microsoft refused app_id or password", plugin=self.name, fix=fix) from None
        except (ClientException, OSError) as error:
            what = f"no answer from Teams ({type(error).__name__})"
            raise TargetUnavailable(what, plugin=self.name, may_have_happened=True) from None
        return result[0]

    def _identity(self) -> ClaimsIdentity:
        names = (AuthenticationConstants.AUDIENCE_CLAIM, AuthenticationConstants.APP_ID_CLAIM)
        return ClaimsIdentity(dict.fromkeys(names, self._app_id) if self._app_id else {}, True)

    def _refused(self, error: ErrorResponseException | HttpOperationError) -> AdapterError:
        status = getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0)
        what = f"Teams refused ({status})"
        if status == 401:
            return CredentialsRefused(what, plugin=self.name, fix="is AIGC_TEAMS_PASSWORD of this app_id?")
        if status in (403, 404):
            return PermissionRefused(what, plugin=self.name, fix="is the bot still in this conversation?")
        if status in (400, 413):
            return ContentRefused(what, plugin=self.name)
        return TargetUnavailable(what, plugin=self.name) if status in (0, 429) or status >= 500 else AdapterError(what)


_AUDIENCE = AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE


def _with_files(activity: Activity) -> bool:
    return any(attachment.content_type != "text/html" for attachment in activity.attachments or ())
