"""The bot on a real Matrix server (Synapse). Who talks to it speaks HTTP with the server, and nothing of ours."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aigc_chat.bot import Bot
from aigc_chat.publishing.matrix import MatrixRoom
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from PIL import Image
from pydantic import SecretStr

from aigc_sdk import Credentials, CredentialsRefused, TargetUnavailable
from aigc_sdk.contract.adapter import Publication
from aigc_sdk.publishing import Publisher
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import AdapterSuite, Target
from aigc_sdk.testing.adapters.content import article
from tests.chat.makers import small_client

if TYPE_CHECKING:
    from tests.servers.synapse import Synapse

pytestmark = pytest.mark.servers

STREAMED = {"edit_every_s": 0.1, "text": {"options": {"delay_ms": 60}}}


class Person:
    """Somebody with a Matrix account, and a client of a few lines."""

    def __init__(self, http: httpx.AsyncClient, user: str) -> None:
        self.http = http
        self.user = user
        self._numbers = itertools.count()

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.http.request(method, f"/_matrix/client/v3/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def room(self, *invited: str, encrypted: bool = False) -> str:
        state = [{"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}] if encrypted else []
        made = await self.ask("POST", "createRoom", {"invite": list(invited), "initial_state": state})
        return made["room_id"]

    async def say(self, room: str, text: str, kind: str = "m.room.message", **more: Any) -> str:
        content = {"msgtype": "m.text", "body": text} | more
        sent = await self.ask("PUT", f"rooms/{room}/send/{kind}/{next(self._numbers)}", content)
        return sent["event_id"]

    async def heard(self, room: str, sender: str) -> list[dict[str, Any]]:
        """The messages of a sender, oldest first."""
        found = await self.ask("GET", f"rooms/{room}/messages?dir=b&limit=200")
        return [e for e in reversed(found["chunk"]) if e["type"] == "m.room.message" and e["sender"] == sender]

    async def until(
        self, room: str, sender: str, wanted: Callable[[list[dict[str, Any]]], Any]
    ) -> list[dict[str, Any]]:
        async with asyncio.timeout(30):
            while not wanted(found := await self.heard(room, sender)):
                await asyncio.sleep(0.05)
        return found

    async def members(self, room: str, count: int) -> None:
        async with asyncio.timeout(30):
            while len((await self.ask("GET", f"rooms/{room}/joined_members"))["joined"]) < count:
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def logged_in(synapse: Synapse, user: str, password: str) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=synapse.url, timeout=30) as http:
        person = Person(http, f"@{user}:localhost")
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password}
        token = (await person.ask("POST", "login", body))["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield person


@pytest.fixture
async def alice(synapse: Synapse) -> AsyncIterator[Person]:
    async with logged_in(synapse, "alice", synapse.passwords["alice"]) as person:
        yield person


def account(synapse: Synapse, password: str | None = None, url: str | None = None) -> Credentials:
    secrets = {"password": SecretStr(password or synapse.passwords["bot"]), "token": SecretStr("")}
    return Credentials("matrix", {"server": url or synapse.url, "user": BOT}, secrets)


BOT = "@bot:localhost"


@contextlib.asynccontextmanager
async def running(synapse: Synapse, **settings: Any) -> AsyncIterator[Bot]:
    async with small_client() as client:
        bot = Bot(make("matrix", account(synapse)), client, BotSettings(**{"rate": {"burst": 99}} | settings))
        ready = asyncio.Event()
        task = asyncio.create_task(bot.run(ready.set))
        await asyncio.wait({task, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not task.done(), task.exception()
        try:
            yield bot
        finally:
            task.cancel()
            await asyncio.wait({task})


def words(event: dict[str, Any]) -> str:
    return event["content"]["body"]


def relation(event: dict[str, Any]) -> dict[str, Any]:
    return event["content"].get("m.relates_to", {})


async def test_an_answer_is_streamed_by_edits(synapse: Synapse, alice: Person) -> None:
    words = " ".join(f"word{number}" for number in range(20))
    async with running(synapse, **STREAMED):
        room = await alice.room(BOT)
        await alice.members(room, 2)
        asked = await alice.say(room, words)
        said = await alice.until(
            room, BOT, lambda said: said and said[-1]["content"].get("m.new_content", {}).get("body") == words
        )
    first, *edits = said
    assert relation(first)["m.in_reply_to"]["event_id"] == asked
    assert first["content"]["msgtype"] == "m.notice"
    assert len(edits) >= 3
    assert all(relation(edit) == {"rel_type": "m.replace", "event_id": first["event_id"]} for edit in edits)
    shown = [first["content"]["body"], *(edit["content"]["m.new_content"]["body"] for edit in edits)]
    assert all(words.startswith(text) for text in shown)


async def test_a_picture_is_uploaded(synapse: Synapse, alice: Person) -> None:
    async with running(synapse):
        room = await alice.room(BOT)
        await alice.members(room, 2)
        await alice.say(room, "!image blue mug")
        (said,) = await alice.until(room, BOT, len)
        content = said["content"]
        assert (content["msgtype"], content["filename"], content["body"]) == ("m.image", "image.png", "blue mug")
        assert (content["info"]["w"], content["info"]["h"]) == (64, 32)
        media = content["url"].removeprefix("mxc://")
        file = await alice.http.get(f"/_matrix/client/v1/media/download/{media}")
    assert file.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(file.content)).convert("RGB").getpixel((5, 5)) == (0, 0, 255)


async def test_a_command_and_cancelling_it(synapse: Synapse, alice: Person) -> None:
    async with running(synapse, **STREAMED):
        room = await alice.room(BOT)
        await alice.members(room, 2)
        await alice.say(room, "word " * 500)
        await alice.until(room, BOT, len)
        await alice.say(room, "!cancel")
        await alice.until(room, BOT, lambda said: any(words(event).endswith("word (stopped)") for event in said))
        await alice.until(room, BOT, lambda said: "Stopped." in map(words, said))
        await alice.say(room, "!help")
        await alice.until(room, BOT, lambda said: "!image" in words(said[-1]))


async def test_among_several_people_it_answers_who_names_it_in_a_thread(synapse: Synapse, alice: Person) -> None:
    async with logged_in(synapse, "carol", synapse.passwords["carol"]) as carol, running(synapse, threads=True):
        room = await alice.room(BOT, carol.user)
        await carol.ask("POST", f"join/{room}", {})
        await alice.members(room, 3)
        await alice.say(room, "not for you")
        asked = await alice.say(room, "bot: what about now?")
        (said,) = await alice.until(room, BOT, len)
        assert said["content"]["body"] == "what about now?"
        assert relation(said)["rel_type"] == "m.thread"
        assert relation(said)["event_id"] == asked
        mention = {"m.mentions": {"user_ids": [BOT]}}
        await alice.say(room, "and here", **mention, **{"m.relates_to": {"rel_type": "m.thread", "event_id": asked}})
        said = await alice.until(room, BOT, lambda said: len(said) == 2)
    assert relation(said[1])["event_id"] == asked


async def test_what_was_said_before_it_started_is_not_answered(synapse: Synapse, alice: Person) -> None:
    async with running(synapse):
        room = await alice.room(BOT)
        await alice.members(room, 2)
    await alice.say(room, "while it was away")
    invited = await alice.room(BOT)
    await alice.say(invited, "said before it started")
    async with running(synapse):
        await alice.members(invited, 2)
        await alice.say(room, "it is back")
        await alice.say(invited, "here, too")
        assert [e["content"]["body"] for e in await alice.until(room, BOT, len)] == ["it is back"]
        assert [e["content"]["body"] for e in await alice.until(invited, BOT, len)] == ["here, too"]


async def test_an_encrypted_room_is_told_that_it_cannot_be_read(synapse: Synapse, alice: Person) -> None:
    sealed = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "x",
        "session_id": "s",
        "sender_key": "k",
        "device_id": "d",
    }
    async with running(synapse):
        room = await alice.room(BOT, encrypted=True)
        await alice.members(room, 2)
        await alice.say(room, "", kind="m.room.encrypted", **sealed)
        await alice.say(room, "", kind="m.room.encrypted", **sealed)
        (said,) = await alice.until(room, BOT, len)
    assert "encrypted" in said["content"]["body"]


async def test_a_wrong_password_and_a_server_that_is_down_are_told(synapse: Synapse) -> None:
    wrong = make("matrix", account(synapse, password="planted-canary"))
    with pytest.raises(CredentialsRefused, match="not let in") as refused:
        await wrong.connect()
    assert "AIGC_MATRIX_PASSWORD" in refused.value.fix
    assert "canary" not in str(refused.value)
    down = make("matrix", account(synapse, url="http://127.0.0.1:9"))
    with pytest.raises(TargetUnavailable, match="cannot be reached"):
        await down.connect()
    for platform in (wrong, down):
        await platform.close()


class Reader:
    """Who reads the room of publications, with a client of a few lines."""

    def __init__(self, synapse: Synapse) -> None:
        self.http = httpx.Client(base_url=synapse.url, timeout=30)
        self.token = self.login("bot", synapse.passwords["bot"])
        token = self.login("alice", synapse.passwords["alice"])
        self.http.headers["Authorization"] = f"Bearer {token}"
        self.room = self.ask("POST", "createRoom", {"invite": [BOT]})["room_id"]

    def login(self, user: str, password: str) -> str:
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password}
        return self.ask("POST", "login", body)["access_token"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.http.request(method, f"/_matrix/client/v3/{path}", json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()

    def messages(self) -> list[dict[str, Any]]:
        """All that the bot has said and not taken back, edits included, oldest first."""
        found = self.ask("GET", f"rooms/{self.room}/messages?dir=b&limit=1000")["chunk"]
        return [e for e in reversed(found) if e["sender"] == BOT and e["type"] == "m.room.message" and e["content"]]

    def held(self) -> set[str]:
        """What a reader sees: an edit is no further message, unless what it edits is gone."""
        known = self.messages()
        ids = {event["event_id"] for event in known}
        return {event["event_id"] for event in known if relation(event).get("event_id") not in ids}

    def edit(self, publication: Publication) -> None:
        event = publication.ids["message"]
        new = {"msgtype": "m.text", "body": "Edited by somebody"}
        content = {**new, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event}}
        self.ask("PUT", f"rooms/{self.room}/send/m.room.message/{uuid.uuid4()}", content, token=self.token)


@pytest.fixture(scope="session")
def reader(synapse: Synapse) -> Reader:
    return Reader(synapse)


class TestMatrixAdapter(AdapterSuite):
    adapter = "matrix"

    @pytest.fixture
    def aigc_target(self, synapse: Synapse, reader: Reader) -> Target:
        return Target(
            settings={"server": synapse.url, "room": reader.room},
            secrets={"token": reader.token},
            held=reader.held,
            edit=reader.edit,
            url="server",
        )


def test_a_publication_as_its_reader_sees_it(synapse: Synapse, reader: Reader, tmp_path: Path) -> None:
    content = article()
    settings = {"adapter": "matrix", "server": synapse.url, "room": reader.room, "user": BOT}
    before = len(reader.messages())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_NEWS_PASSWORD", synapse.passwords["bot"])
        ledger = LedgerSettings(url=f"sqlite:///{tmp_path / 'ledger.sqlite'}")
        with Publisher(settings=Settings(targets={"news": settings}, ledger=ledger)) as publisher:
            published = publisher.publish(content, "news")
    assert all(finding.passed for finding in published.findings)
    text, picture, sound = (event["content"] for event in reader.messages()[before:])
    assert text["body"].startswith(f"{content.text('title')}\n\nWarm, schwer")
    assert text["body"].endswith("\n\nhttps://example.org/mugs\n\nMade with the help of AI.")
    assert text["formatted_body"].startswith("<p><strong>Der rote Becher")
    assert (picture["msgtype"], picture["body"], picture["info"]["w"]) == ("m.image", "Ein roter Becher – 红色", 320)
    media = picture["url"].removeprefix("mxc://")
    file = reader.http.get(f"/_matrix/client/v1/media/download/{media}")
    assert file.content == content.attachments[0].artifact.content()
    assert (sound["msgtype"], sound["filename"], sound["info"]["duration"]) == ("m.audio", "Erzählung.wav", 250)


def test_check_tells_whether_it_may_enter_the_room(synapse: Synapse, reader: Reader) -> None:
    invited, closed = (reader.ask("POST", "createRoom", {"invite": who})["room_id"] for who in ([BOT], []))
    for room, entered in ((invited, True), (closed, False)):
        settings = {"server": synapse.url, "room": room, "user": ""}
        secrets = {"token": SecretStr(reader.token), "password": SecretStr("")}
        adapter = MatrixRoom(Credentials("matrix", settings, secrets))
        known, there = adapter.check()
        adapter.close()
        assert known.passed
        assert there.passed is entered
        assert ("invite @bot:localhost" in there.fix) is not entered
