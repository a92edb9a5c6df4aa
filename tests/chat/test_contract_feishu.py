"""Contract test: lark-oapi against a local server that speaks the Open API, with encrypted and signed events."""

from __future__ import annotations

import json

import pytest
from aigc_chat.bot import Bot, File, Place
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from lark_oapi.core.token.manager import TokenManager
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
from .stubs.feishu import KEY, SECRET, VERIFICATION, event, feishu, tell

REPLY = "/im/v1/messages/om_ann/reply"


@pytest.fixture
async def stub(monkeypatch):
    monkeypatch.setattr(TokenManager, "cache", type(TokenManager.cache)())  # the library keeps tokens for all clients
    async with feishu() as stub:
        yield stub


def skin(stub, secret=SECRET, key=KEY):
    settings = {"app_id": "cli_1", "url": stub.url, "host": "127.0.0.1", "port": "0"}
    secrets = {"app_secret": secret, "encrypt_key": key, "verification_token": VERIFICATION}
    return make("feishu", Credentials("feishu", settings, {name: SecretStr(value) for name, value in secrets.items()}))


@pytest.fixture
def make_bot(stub, client):
    def build(**settings):
        platform = skin(stub)
        return platform, Bot(platform, client, BotSettings(**{"rate": {"burst": 99}} | settings))

    return build


def said(fields):
    return json.loads(fields["content"])["text"]


async def test_contract_an_answer_is_streamed_by_edits(stub, make_bot):
    words = " ".join(f"词{number}" for number in range(12))
    platform, bot = make_bot(edit_every_s=0.1, text={"options": {"delay_ms": 50}})
    async with running(bot):
        assert (await tell(platform.port, event(words)))[0] == 200
        edits = await until(lambda: [f for f in stub.made("PUT", "/im/v1/messages/") if said(f) == words])
    (sent,) = stub.made("POST", REPLY)
    assert edits
    assert sent["reply_in_thread"] is False
    assert all(words.startswith(said(fields)) for fields in [sent, *stub.made("PUT", "/im/v1/messages/")])


async def test_contract_a_picture_and_a_clip_are_uploaded(stub, make_bot):
    platform, bot = make_bot()
    async with running(bot):
        await tell(platform.port, event("!image green mug"))
        (shown,) = await until(lambda: stub.made("POST", REPLY))
        clip = File(name="a.mp4", media_type="video/mp4", data=b"clip", duration_s=1.5)
        await platform.upload(Place(room="oc_1"), clip)
    assert (shown["msg_type"], json.loads(shown["content"])) == ("image", {"image_key": "img_1"})
    picture, video = [call for call in stub.calls if call[3]]
    assert picture[3]["image"].startswith(b"\x89PNG")
    assert (video[3]["file"], video[2]["file_type"], video[2]["duration"]) == (b"clip", "mp4", "1500")
    sent = stub.made("POST", "/im/v1/messages")[-1]
    assert (sent["receive_id"], sent["receive_id_type"], sent["msg_type"]) == ("oc_1", "chat_id", "media")


async def test_contract_in_a_group_it_answers_who_names_it_and_once(stub, make_bot):
    platform, bot = make_bot()
    group = {"chat_type": "group", "message_id": "om_2"}
    mention = {"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "小店"}
    async with running(bot):
        await tell(platform.port, event("与你无关", group | {"message_id": "om_1"}))
        for _ in range(2):
            await tell(platform.port, event("@_user_1 你好", group | {"mentions": [mention], "thread_id": "omt_1"}))
        await tell(
            platform.port, event("@_user_1 机器人", group | {"mentions": [mention], "message_id": "om_3"}, "app")
        )
        await until(lambda: stub.made("POST", "/im/v1/messages/om_2/reply"))
    (answer,) = stub.made("POST", "/im/v1/messages")
    assert (said(answer), answer["reply_in_thread"]) == ("你好", True)


async def test_contract_calls_that_feishu_did_not_sign_are_refused(stub, make_bot):
    platform, bot = make_bot()
    async with running(bot):
        assert (await tell(platform.port, event("forged"), key="another"))[0] in (400, 401, 500)
        assert (await tell(platform.port, event("forged"), signature="0" * 64))[0] == 401
        forged = event("forged")
        forged["header"]["token"] = "another"
        assert (await tell(platform.port, forged))[0] == 401
        check = {"type": "url_verification", "challenge": "c-1", "token": VERIFICATION}
        assert await tell(platform.port, check) == (200, '{"challenge":"c-1"}')
        await bot.idle()
    assert stub.made("POST", "/im") == []


async def test_contract_nobody_is_called_by_what_a_model_writes(stub):
    platform = skin(stub)
    await platform.send(Place(room="oc_1"), '<at user_id="all">all</at> 3 < 4')
    assert said(stub.made("POST", "/im/v1/messages")[0]) == '＜at user_id="all">all＜/at> 3 < 4'


async def test_contract_errors(stub, client):
    with pytest.raises(CredentialsRefused, match="refused app_id or secret") as refused:
        await skin(stub, secret="planted-canary-wrong").connect()
    assert "AIGC_FEISHU_APP_SECRET" in refused.value.fix
    assert "canary" not in str(refused.value)
    platform = skin(stub)
    for code, kind in (
        (230002, PermissionRefused),
        (230025, ContentRefused),
        (230020, TargetUnavailable),
        (1, AdapterError),
    ):
        stub.refusals["/im/v1/messages"] = [code]
        with pytest.raises(kind, match=f"refused .{code}.") as refused:
            await platform.send(Place(room="oc_1"), "hello")
        assert type(refused.value) is kind
    with pytest.raises(InvalidRequest, match="speak for Feishu"):
        async with running(Bot(skin(stub, key=""), client, BotSettings())):
            pass
