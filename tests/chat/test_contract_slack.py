"""Contract test: slack-bolt and slack-sdk against a local server that speaks the Web API, with signed events."""

from __future__ import annotations

import logging

import pytest
from aigc_chat.bot import Bot, File, Place
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from pydantic import SecretStr

from aigc_sdk import (
    AdapterError,
    ContentRefused,
    Credentials,
    CredentialsRefused,
    InvalidRequest,
    PermissionRefused,
    TargetUnavailable,
)

from .stubs import running, until
from .stubs.slack import SECRET, TOKEN, event, slack, tell


@pytest.fixture
async def stub():
    async with slack() as stub:
        yield stub


def skin(stub, token=TOKEN, secret=SECRET):
    settings = {"url": f"{stub.url}/api/", "host": "127.0.0.1", "port": "0"}
    return make(
        "slack", Credentials("slack", settings, {"token": SecretStr(token), "signing_secret": SecretStr(secret)})
    )


@pytest.fixture
def make_bot(stub, client):
    def build(**settings):
        platform = skin(stub)
        return platform, Bot(platform, client, BotSettings(**{"rate": {"burst": 99}} | settings))

    return build


async def test_contract_an_answer_is_streamed_by_edits(stub, make_bot):
    words = " ".join(f"word{number}" for number in range(12))
    platform, bot = make_bot(edit_every_s=0.1, text={"options": {"delay_ms": 50}})
    async with running(bot):
        assert await tell(platform.port, event(words)) == 200
        await until(lambda: words in [edit["text"] for edit in stub.made("chat.update")])
    (sent,) = stub.made("chat.postMessage")
    edits = stub.made("chat.update")
    assert len(edits) >= 2
    assert {edit["ts"] for edit in edits} == {edits[0]["ts"]}
    assert all(words.startswith(said["text"]) for said in (sent, *edits))


async def test_contract_a_mention_is_answered_in_its_thread_and_once(stub, make_bot):
    platform, bot = make_bot(threads=True)
    async with running(bot):
        where = {"channel": "C1", "channel_type": "channel", "ts": "5.1"}
        await tell(platform.port, event("not for you", **where | {"ts": "5.0"}))
        await tell(platform.port, event("<@UBOT> is 3 &lt; 4 &amp; <https://x.example|a link>?", **where))
        await tell(platform.port, event("<@UBOT> is 3 &lt; 4?", "app_mention", **where))
        await until(lambda: stub.made("chat.postMessage"))
        await tell(platform.port, event("and in the thread", **where | {"ts": "5.2", "thread_ts": "5.1"}))
        await tell(platform.port, event("of a bot", bot_id="B9", **where | {"ts": "5.3", "thread_ts": "5.1"}))
        await until(lambda: len(stub.made("chat.postMessage")) == 2)
        await bot.idle()
    first, second = stub.made("chat.postMessage")
    assert (first["text"], first["thread_ts"]) == ("is 3 &lt; 4 &amp; a link?", "5.1")
    assert (second["text"], second["thread_ts"]) == ("and in the thread", "5.1")


async def test_contract_a_picture_is_uploaded(stub, make_bot):
    platform, bot = make_bot()
    async with running(bot):
        await tell(platform.port, event("!image green mug"))
        (done,) = await until(lambda: stub.made("files.completeUploadExternal"))
    assert done["channel_id"] == "D1"
    assert "green mug" in done["files"]
    assert b"\x89PNG" in next(iter(stub.uploads.values()))


async def test_contract_calls_that_slack_did_not_sign_are_refused(stub, make_bot):
    platform, bot = make_bot()
    async with running(bot):
        assert await tell(platform.port, event("forged"), secret="another") == 401
        assert await tell(platform.port, event("replayed"), age_s=3600) == 401
        assert await tell(platform.port, {"type": "url_verification", "challenge": "c"}) == 200
        await bot.idle()
    assert stub.made("chat.postMessage") == []


async def test_contract_nobody_is_called_by_what_a_model_writes(stub):
    platform = skin(stub)
    await platform.connect()
    await platform.send(Place(room="C1"), "<!channel> & <@UANN>")
    assert stub.made("chat.postMessage")[0]["text"] == "&lt;!channel&gt; &amp; &lt;@UANN&gt;"
    await platform.close()


async def test_contract_errors(stub, caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(CredentialsRefused, match="invalid_auth") as refused:
        await skin(stub, "xoxb-planted-canary-wrong").connect()
    assert "AIGC_SLACK_TOKEN" in refused.value.fix
    platform = skin(stub)
    await platform.connect()
    for error, kind in (
        ({"error": "missing_scope", "needed": "chat:write"}, PermissionRefused),
        ({"error": "msg_too_long"}, ContentRefused),
        ({"error": "internal_error"}, TargetUnavailable),
        ({"error": "something_new"}, AdapterError),
    ):
        stub.refusals["chat.postMessage"] = [error]
        with pytest.raises(kind, match=error["error"]) as refused:
            await platform.send(Place(room="C1"), "hello")
        assert type(refused.value) is kind
    stub.refusals["files.completeUploadExternal"] = [{"error": "not_in_channel"}]
    with pytest.raises(PermissionRefused, match="not_in_channel"):
        await platform.upload(Place(room="C1"), File(name="a.png", media_type="image/png", data=b"0"))
    assert "canary" not in caplog.text
    await platform.close()


async def test_contract_without_a_signing_secret_nothing_is_received(stub, client):
    with pytest.raises(InvalidRequest, match="signing secret"):
        async with running(Bot(skin(stub, secret=""), client, BotSettings())):
            pass
