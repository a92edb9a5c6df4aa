"""Contract test: python-telegram-bot against a local server that speaks the Bot API."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from aigc_chat.bot import Bot, File, Place
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from pydantic import SecretStr

from aigc_sdk import ContentRefused, Credentials, CredentialsRefused, TargetUnavailable

from .stubs import running, until
from .stubs.telegram import ME, TOKEN, telegram

GROUP = {"id": -5, "type": "supergroup", "title": "All"}


@pytest.fixture
async def stub():
    async with telegram() as stub:
        yield stub


def skin(stub, token=TOKEN):
    return make("telegram", Credentials("telegram", {"url": stub.url}, {"token": SecretStr(token)}))


@pytest.fixture
def make_bot(stub, client):
    def build(**settings):
        return Bot(skin(stub), client, BotSettings(**{"rate": {"burst": 99}} | settings))

    return build


async def test_contract_an_answer_is_streamed_by_edits(stub, make_bot):
    words = " ".join(f"word{number}" for number in range(12))
    async with running(make_bot(edit_every_s=0.1, text={"options": {"delay_ms": 50}})):
        stub.say(words)
        await until(lambda: words in [edit["text"] for edit in stub.made("editMessageText")])
    (sent,) = stub.made("sendMessage")
    assert json.loads(sent["reply_parameters"])["message_id"] == 101
    edits = stub.made("editMessageText")
    assert len(edits) >= 2
    assert all(words.startswith(text["text"]) for text in (sent, *edits))
    assert stub.made("sendChatAction")[0] == {"chat_id": "7", "action": "typing"}


async def test_contract_commands_files_and_what_was_written_before_it_started(stub, make_bot):
    stub.say("before it started")
    async with running(make_bot()):
        stub.say("/start", entities=[{"type": "bot_command", "offset": 0, "length": 6}])
        await until(lambda: stub.made("sendMessage"))
        stub.say("/image@shop_bot green mug")
        (photo,) = await until(lambda: stub.made("sendPhoto"))
        stub.say("!speech hello")
        await until(lambda: stub.made("sendDocument"))
    (help_,) = stub.made("sendMessage")
    assert "/image" in help_["text"]
    assert photo["caption"] == "green mug"
    name, data = photo[photo["photo"].removeprefix("attach://")] if isinstance(photo["photo"], str) else photo["photo"]
    assert (name, data[:4]) == ("image.png", b"\x89PNG")


async def test_contract_in_a_group_it_answers_who_names_or_answers_it(stub, make_bot):
    async with running(make_bot()):
        stub.say("not for you", GROUP)
        stub.say("@shop_bot one", GROUP)
        answered = {"message_id": 3, "date": 1, "chat": GROUP, "from": ME, "text": "x"}
        stub.say("two", GROUP, reply_to_message=answered, message_thread_id=9, is_topic_message=True)
        stub.say("of a bot", GROUP, **{"from": {"id": 8, "is_bot": True, "first_name": "B"}})
        await until(lambda: len(stub.made("sendMessage")) == 2)
        await asyncio.sleep(0.2)
    one, two = stub.made("sendMessage")
    assert (one["chat_id"], one["text"]) == ("-5", "one")
    assert (two["text"], two["message_thread_id"]) == ("two", "9")


async def test_contract_a_wrong_token_is_refused_and_shown_nowhere(stub, caplog):
    caplog.set_level(logging.INFO)
    platform = skin(stub, "1:planted-canary-wrong")
    with pytest.raises(CredentialsRefused, match="refused the token") as refused:
        await platform.connect()
    right = skin(stub)
    await right.connect()
    await right.send(Place(room="7"), "hello")
    await right.close()
    assert "AIGC_TELEGRAM_TOKEN" in refused.value.fix
    assert "canary" not in caplog.text + str(refused.value)


async def test_contract_errors(stub):
    platform = skin(stub)
    await platform.connect()
    place = Place(room="7")
    with pytest.raises(ContentRefused, match="too long"):
        await platform.send(place, "x" * 5000)
    stub.refusals["editMessageText"] = [(400, {"description": "Bad Request: message is not modified"})]
    await platform.edit(place, "5", "the same")
    stub.refusals["sendMessage"] = [(429, {"description": "Too Many Requests", "parameters": {"retry_after": 1}})]
    assert await platform.send(place, "after a pause")
    stub.refusals["editMessageText"] = [(429, {"description": "Too Many Requests", "parameters": {"retry_after": 9}})]
    with pytest.raises(TargetUnavailable, match="pause"):
        await platform.edit(place, "5", "not now")
    stub.refusals["sendVideo"] = [(502, {"description": "Bad Gateway"})]
    with pytest.raises(TargetUnavailable, match="no answer"):
        await platform.upload(place, File(name="a.mp4", media_type="video/mp4", data=b"0", duration_s=2))
    await platform.close()
