"""Contract test: botbuilder-core against a local connector service."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import jwt
import pytest
from aigc_chat.bot import Bot, File, Place
from aigc_chat.settings import BotSettings
from aigc_chat.skins import make
from botframework.connector.auth import AuthenticationConstants
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from pydantic import SecretStr

from aigc_sdk import (
    ContentRefused,
    Credentials,
    CredentialsRefused,
    InvalidRequest,
    PermissionRefused,
    TargetUnavailable,
)

from .stubs import running, until
from .stubs.bot_framework import connector, tell

ISSUER = AuthenticationConstants.TO_BOT_FROM_CHANNEL_TOKEN_ISSUER
ROOM = Place(room="c1")


@pytest.fixture
async def stub():
    async with connector() as stub:
        yield stub


def skin(**settings):
    settings = {"app_id": "", "tenant": "", "public_url": "", "host": "127.0.0.1", "port": "0"} | settings
    return make("teams", Credentials("teams", settings, {"password": SecretStr("planted-canary")}))


@pytest.fixture
def make_bot(client):
    def build(platform, **settings):
        return Bot(platform, client, BotSettings(**{"rate": {"burst": 99}} | settings))

    return build


async def test_contract_an_answer_is_streamed_by_edits(stub, make_bot):
    words = " ".join(f"word{number}" for number in range(12))
    platform = skin()
    async with running(make_bot(platform, edit_every_s=0.1, text={"options": {"delay_ms": 50}})):
        assert await tell(platform.port, stub.activity(words)) == 201
        await until(lambda: stub.calls and stub.calls[-1][2].get("text") == words)
    (sent,) = stub.said()
    assert (sent["replyToId"], sent["textFormat"]) == ("a1", "plain")
    edits = [(path, said) for method, path, said in stub.calls if method == "PUT"]
    assert len(edits) >= 2
    assert len({path for path, _ in edits}) == 1
    assert [said["text"] for _, said in edits if not words.startswith(said["text"])] == []
    assert any(said["type"] == "typing" for _, _, said in stub.calls)


async def test_contract_a_small_picture_is_in_the_message(stub, make_bot):
    platform = skin()
    async with running(make_bot(platform)):
        await tell(platform.port, stub.activity("!image green mug"))
        (said,) = await until(stub.said)
    kind, _, data = said["attachments"][0]["contentUrl"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")


async def test_contract_other_files_are_fetched_from_the_bot(stub, make_bot):
    platform = skin(public_url="https://bot.example.org")
    file = File(name="a.mp4", media_type="video/mp4", data=b"clip", caption="a clip")
    async with running(make_bot(platform)):
        await tell(platform.port, stub.activity("hello"))
        await until(stub.said)
        await platform.upload(ROOM, file)
        caption, _, url = stub.said()[-1]["text"].partition("\n\n")
        local = url.replace("https://bot.example.org", f"http://127.0.0.1:{platform.port}")
        async with httpx.AsyncClient() as http:
            found, guessed = await http.get(local), await http.get(local.replace("/files/", "/files/x"))
    assert (caption, found.content, found.headers["content-type"]) == ("a clip", b"clip", "video/mp4")
    assert guessed.status_code == 404


async def test_contract_in_a_team_it_answers_who_names_it(stub, make_bot):
    platform = skin()
    group = {"conversation": {"id": "c2", "isGroup": True}}
    async with running(make_bot(platform)) as bot:
        await tell(platform.port, stub.activity("not for you", **group))
        mention = {"type": "mention", "mentioned": {"id": "bot", "name": "Shop"}, "text": "<at>Shop</at>"}
        await tell(platform.port, stub.activity("<at>Shop</at> hello", entities=[mention], **group))
        await until(stub.said)
        await bot.idle()
    assert [said["text"] for said in stub.said()] == ["hello"]


APP = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def microsoft(monkeypatch):
    """Publishes a key as Microsoft does; yields what signs tokens with it."""
    key = rsa.generate_private_key(65537, 2048)
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "k1", "endorsements": ["emulator"]}

    class Metadata(BaseHTTPRequestHandler):
        def do_GET(self):
            here = f"http://127.0.0.1:{server.server_port}"
            body = {"keys": [public]} if self.path == "/keys" else {"jwks_uri": f"{here}/keys", "issuer": ISSUER}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}/openid"
    monkeypatch.setattr(AuthenticationConstants, "TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL", place)

    def sign(service_url, with_key=key, **claims):
        now = int(time.time())
        known = {"iss": ISSUER, "aud": APP, "exp": now + 600, "nbf": now - 1, "serviceurl": service_url}
        return "Bearer " + jwt.encode(known | claims, with_key, algorithm="RS256", headers={"kid": "k1"})

    yield sign
    server.shutdown()
    server.server_close()


async def test_contract_only_calls_that_microsoft_signed_for_this_app_are_taken(stub, microsoft):
    platform, heard, ready = skin(app_id=APP), [], asyncio.Event()

    async def receive(message):
        heard.append(message.text)

    task = asyncio.create_task(platform.run(receive, ready.set))
    await ready.wait()
    another = rsa.generate_private_key(65537, 2048)
    refused = (
        "",
        "Bearer nonsense",
        microsoft(stub.url, another),
        microsoft(stub.url, aud="another-app"),
        microsoft(stub.url, exp=int(time.time()) - 3600),
        microsoft("https://elsewhere.example"),
    )
    for token in refused:
        assert await tell(platform.port, stub.activity("forged"), token) == 401
    assert await tell(platform.port, ["nonsense"]) == 400
    assert await tell(platform.port, stub.activity("signed"), microsoft(stub.url)) == 201
    task.cancel()
    await asyncio.wait({task})
    assert heard == ["signed"]


async def test_contract_errors(stub, make_bot):
    platform = skin()
    async with running(make_bot(platform)):
        with pytest.raises(PermissionRefused, match="nobody has spoken"):
            await platform.send(ROOM, "unasked")
        await tell(platform.port, stub.activity("hello"))
        await until(stub.said)
        for status, kind in ((401, CredentialsRefused), (403, PermissionRefused), (413, ContentRefused)):
            stub.refusals = [status]
            with pytest.raises(kind, match=f"refused .{status}"):
                await platform.send(ROOM, "hello")
        stub.refusals = [503] * 9
        with pytest.raises(TargetUnavailable):
            await platform.edit(ROOM, "r1", "hello")
        with pytest.raises(ContentRefused, match="small pictures"):
            await platform.upload(ROOM, File(name="a.mp4", media_type="video/mp4", data=b"0"))


def test_contract_without_app_id_only_this_machine_may_call():
    with pytest.raises(InvalidRequest, match="anybody could speak for Teams"):
        skin(host="0.0.0.0")
