"""Contract test: discord.py against a local server that speaks the gateway and the HTTP API."""

from __future__ import annotations

import asyncio

import pytest
import yarl
from aigc_chat.bot import Bot, File, Place
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from aigc_sdk import AdapterError, ContentRefused, Credentials, CredentialsRefused, PermissionRefused

from .stubs import running, until
from .stubs.discord import ANN, ME, TOKEN, discord

DIRECT = "/channels/900/messages"
GROUP = {"guild_id": "1", "channel_id": "55"}


@pytest.fixture
async def stub(monkeypatch):
    async with discord() as stub:
        monkeypatch.setattr(Route, "BASE", stub.url.replace("/gateway/", "/api"))
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(stub.url.replace("http", "ws")))
        yield stub


def skin(token=TOKEN, message_content="yes"):
    return make("discord", Credentials("discord", {"message_content": message_content}, {"token": SecretStr(token)}))


@pytest.fixture
def make_bot(stub, client):
    def build(**settings):
        return Bot(skin(), client, BotSettings(**{"rate": {"burst": 99}} | settings))

    return build


async def test_contract_an_answer_is_streamed_by_edits(stub, make_bot):
    words = " ".join(f"word{number}" for number in range(12))
    async with running(make_bot(edit_every_s=0.1, text={"options": {"delay_ms": 50}})):
        await stub.say(words)
        await until(lambda: [call for call in stub.calls if call[0] == "PATCH" and call[2]["content"] == words])
    (sent,) = stub.made("POST", DIRECT)
    assert sent["message_reference"]["message_id"] == 1001
    assert sent["allowed_mentions"]["parse"] == []
    assert words.startswith(sent["content"])
    assert len([call for call in stub.calls if call[0] == "PATCH"]) >= 2
    assert stub.made("POST", "/channels/900/typing")
    assert stub.identified["intents"] & (1 << 15)


async def test_contract_a_picture_is_uploaded(stub, make_bot):
    async with running(make_bot()):
        await stub.say("!image green mug")
        (call,) = await until(lambda: [call for call in stub.calls if call[3]])
    assert call[3]["image.png"].startswith(b"\x89PNG")
    assert call[2]["attachments"][0]["description"] == "green mug"


async def test_contract_in_a_server_it_answers_who_names_it_in_a_thread_and_no_bots(stub, make_bot):
    async with running(make_bot(threads=True)) as bot:
        await stub.say("not for you", **GROUP)
        await stub.say("a bot says <@42>", **GROUP, mentions=[ME], author=ANN | {"bot": True})
        await stub.say("<@42> hello", id="1005", **GROUP, mentions=[ME])
        await until(lambda: stub.made("POST", "/channels/1005/messages"))
        await stub.say("<@42> within", id="1006", guild_id="1", channel_id="77", mentions=[ME])
        await until(lambda: stub.made("POST", "/channels/77/messages"))
        await asyncio.sleep(0.1)
        await bot.idle()
    (opened,) = stub.made("POST", "/channels/55/messages/1005/threads")
    assert opened["auto_archive_duration"] == 1440
    (first,), (second,) = (stub.made("POST", f"/channels/{room}/messages") for room in ("1005", "77"))
    assert (first["content"], second["content"]) == ("hello", "within")
    assert stub.made("POST", "/channels/55/messages") == []


async def test_contract_errors(stub, client):
    wrong = skin("planted-canary-wrong")
    with pytest.raises(CredentialsRefused, match="refused the token") as refused:
        await wrong.connect()
    await wrong.close()
    assert "AIGC_DISCORD_TOKEN" in refused.value.fix
    assert "canary" not in str(refused.value)
    platform = skin()
    await platform.connect()
    for status, body, kind in (
        (403, {"code": 50013, "message": "Missing Permissions"}, PermissionRefused),
        (400, {"code": 50035, "message": "Invalid Form Body"}, ContentRefused),
        (413, {"code": 40005, "message": "Request entity too large"}, ContentRefused),
        (404, {"code": 10003, "message": "Unknown Channel"}, AdapterError),
    ):
        stub.refusals[DIRECT] = [(status, body)]
        with pytest.raises(kind, match=body["message"]):
            await platform.upload(Place(room="900"), File(name="a.png", media_type="image/png", data=b"0"))
    await platform.close()
    stub.close_code = 4014
    with pytest.raises(PermissionRefused, match="may not read") as refused:
        async with running(Bot(skin(), client, BotSettings())):
            pass
    assert "Message Content" in refused.value.fix
