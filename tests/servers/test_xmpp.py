"""The bot on a real XMPP server (Prosody). Who talks to it is a plain client of slixmpp, and nothing of ours."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from aigc_chat.bot import Bot
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from PIL import Image
from pydantic import SecretStr
from slixmpp import JID, ClientXMPP, Message

from aigc_sdk import Credentials, CredentialsRefused, InvalidRequest, TargetUnavailable
from tests.chat.makers import small_client
from tests.servers.prosody import Prosody

pytestmark = pytest.mark.servers

BOT = "bot@localhost"
STREAMED = {"edit_every_s": 0.1, "text": {"options": {"delay_ms": 60}}}


class Person:
    """Somebody with an XMPP account, and what they have heard."""

    def __init__(self, prosody: Prosody, name: str) -> None:
        self.heard: list[Message] = []
        self.client = ClientXMPP(f"{name}@{prosody.domain}", prosody.passwords[name])
        self.client.enable_starttls = self.client.enable_direct_tls = False
        self.client.enable_plaintext = True
        for plugin in ("xep_0045", "xep_0066", "xep_0085", "xep_0249", "xep_0308", "xep_0461"):
            self.client.register_plugin(plugin)
        self.client.plugin["feature_mechanisms"].unencrypted_scram = True
        self.client.add_event_handler("message", self.heard.append)
        self.typing: list[str] = []
        for state in ("composing", "active"):
            self.client.add_event_handler(f"chatstate_{state}", lambda m: self.typing.append(m["chat_state"]))

    def said(self, sender: str = BOT) -> list[Message]:
        """What somebody said."""
        return [message for message in self.heard if message["body"] and str(message["from"]).startswith(sender)]

    async def until(self, wanted: Callable[[list[Message]], Any], sender: str = BOT) -> list[Message]:
        async with asyncio.timeout(30):
            while not wanted(said := self.said(sender)):
                await asyncio.sleep(0.05)
        return said

    def say(self, text: str, to: str = BOT, kind: str = "chat", thread: str = "") -> None:
        message = self.client.make_message(JID(to), text, mtype=kind)
        if thread:
            message["thread"] = thread
        message.send()


@contextlib.asynccontextmanager
async def logged_in(prosody: Prosody, name: str) -> AsyncIterator[Person]:
    person = Person(prosody, name)
    person.client.connect(prosody.host, prosody.port)
    await person.client.wait_until("session_start", 30)
    person.client.send_presence()
    try:
        yield person
    finally:
        await person.client.disconnect()


@pytest.fixture
async def alice(prosody: Prosody) -> AsyncIterator[Person]:
    async with logged_in(prosody, "alice") as person:
        yield person


def account(prosody: Prosody, password: str = "", **changes: str) -> Credentials:
    settings = {"user": BOT, "server": f"{prosody.host}:{prosody.port}", "encryption": "none", "rooms": "", "nick": ""}
    return Credentials("xmpp", settings | changes, {"password": SecretStr(password or prosody.passwords["bot"])})


@contextlib.asynccontextmanager
async def running(prosody: Prosody, rooms: str = "", **settings: Any) -> AsyncIterator[Bot]:
    async with small_client() as client:
        platform = make("xmpp", account(prosody, rooms=rooms))
        bot = Bot(platform, client, BotSettings(**{"rate": {"burst": 99}} | settings))
        ready = asyncio.Event()
        task = asyncio.create_task(bot.run(ready.set))
        await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not task.done(), task.exception()
        try:
            yield bot
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_an_answer_is_streamed_by_corrections(prosody: Prosody, alice: Person) -> None:
    words = " ".join(f"word{number}" for number in range(20))
    async with running(prosody, **STREAMED):
        alice.say(words)
        first, *edits = await alice.until(lambda said: said and said[-1]["body"] == words)
    assert len(edits) >= 3
    assert all(edit["replace"]["id"] == first["id"] for edit in edits)
    assert all(words.startswith(message["body"]) for message in (first, *edits))
    assert alice.typing[0] == "composing"


async def test_a_picture_is_uploaded(prosody: Prosody, alice: Person) -> None:
    async with running(prosody):
        alice.say("!image blue mug")
        (said,) = await alice.until(len)
    assert said["oob"]["url"] == said["body"]
    async with httpx.AsyncClient() as http:
        file = await http.get(said["body"])
    assert file.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(file.content)).getpixel((5, 5)) == (0, 0, 255)


async def test_cancelling(prosody: Prosody, alice: Person) -> None:
    async with running(prosody, **STREAMED):
        alice.say("word " * 500)
        await alice.until(len)
        alice.say("!cancel")
        await alice.until(lambda said: any(message["body"].endswith("word (stopped)") for message in said))
        await alice.until(lambda said: "Stopped." in [message["body"] for message in said])


async def test_in_a_room_it_answers_who_names_it_and_joins_where_it_is_invited(prosody: Prosody, alice: Person) -> None:
    lobby, den = f"lobby@{prosody.rooms}", f"den@{prosody.rooms}"
    rooms, form = alice.client.plugin["xep_0045"], alice.client.plugin["xep_0004"].make_form(ftype="submit")
    for room in (lobby, den):
        await rooms.join_muc_wait(JID(room), "alice", maxstanzas=0)
        await rooms.set_room_config(JID(room), form)
    async with running(prosody, rooms=lobby):
        alice.say("not for you", lobby, "groupchat")
        alice.say("bot: what about now?", lobby, "groupchat", thread="t1")
        (said,) = await alice.until(len, f"{lobby}/bot")
        assert (said["body"], said["thread"]) == ("what about now?", "t1")
        assert said["reply"]["id"]
        alice.client.plugin["xep_0249"].send_invitation(JID(BOT), JID(den))
        async with asyncio.timeout(30):
            while "bot" not in rooms.get_roster(JID(den)):
                await asyncio.sleep(0.05)
        alice.say("!image red", den, "groupchat")
        (said,) = await alice.until(len, f"{den}/bot")
    assert said["oob"]["url"].endswith("image.png")


async def test_what_was_said_before_it_started_is_not_answered(prosody: Prosody, alice: Person) -> None:
    alice.say("while it was away")
    async with running(prosody):
        alice.say("it is back")
        (said,) = await alice.until(len)
    assert said["body"] == "it is back"


async def test_it_connects_again_after_the_connection_was_cut(prosody: Prosody, alice: Person) -> None:
    async with running(prosody) as bot:
        bot._platform._client.abort()  # as a cable does that is pulled
        await asyncio.sleep(0.1)
        async with asyncio.timeout(30):
            while not alice.said():
                alice.say("are you there?")
                await asyncio.sleep(0.5)
    assert alice.said()[0]["body"] == "are you there?"


async def test_a_wrong_password_and_a_server_that_is_down_are_told(prosody: Prosody) -> None:
    wrong = make("xmpp", account(prosody, password="planted-canary"))
    with pytest.raises(CredentialsRefused, match="not let in") as refused:
        await wrong.connect()
    assert "AIGC_XMPP_PASSWORD" in refused.value.fix
    assert "canary" not in str(refused.value)
    down = make("xmpp", account(prosody, server="127.0.0.1:9"))
    with pytest.raises(TargetUnavailable, match="cannot be reached"):
        await down.connect()
    for platform in (wrong, down):
        await platform.close()


async def test_a_server_whose_certificate_nobody_signed_gets_no_password(prosody: Prosody) -> None:
    """Prosody here has no certificate at all, so that an encrypted connection must fail."""
    strict = make("xmpp", account(prosody, encryption="tls"))
    with pytest.raises((TargetUnavailable, CredentialsRefused)):
        await strict.connect()
    await strict.close()
    with pytest.raises(InvalidRequest, match="in the open"):
        make("xmpp", account(prosody, server="chat.example.org:5222"))
