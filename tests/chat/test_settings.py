"""bot.yaml, and the account that a bot speaks with."""

from __future__ import annotations

import os

import pytest
from aigc_chat.program import resolve
from aigc_chat.settings import BotSettings, load
from aigc_chat.skins import SKINS, make

from aigc_sdk import Credentials, CredentialsRefused, InvalidRequest, MissingExtra

PLATFORMS = tuple(SKINS)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "bot.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_whole_file(write, tmp_path):
    path = write(
        """
        matrix: {server: "http://127.0.0.1:8008", user: "@bot:localhost"}
        telegram: {}
        language: zh
        answer: all
        rate: {per_minute: 5}
        text: {model: echo, max_tokens: 40}
        image: {width: 256, height: 256}
        service: {folder: texts, synonyms: {cup: mug}}
        """
    )
    settings = load(path, PLATFORMS)
    assert settings.account["matrix"] == {"server": "http://127.0.0.1:8008", "user": "@bot:localhost"}
    assert settings.fields("text")["model"] == "echo"
    assert settings.fields("text")["max_tokens"] == 40
    assert "assistant" in settings.fields("text")["system"]
    assert settings.service.folder == tmp_path / "texts"
    assert (settings.rate.per_minute, settings.rate.burst) == (5, 4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("matrix: {user: x, password: planted-canary}", "holds a secret: matrix.password"),
        ("slack: {signing_secret: planted-canary}", "holds a secret: slack.signing_secret"),
        ("telegram: {name: '123456789:planted-canary-planted-canary-planted'}", "holds a secret: telegram.name"),
        ("service: {folder: x, advice: 'xoxb-planted-canary-1'}", "holds a secret: service.advice"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(write, text, told):
    with pytest.raises(InvalidRequest, match=told) as refused:
        load(write(text), PLATFORMS)
    assert "canary" not in str(refused.value)
    assert "environment" in refused.value.fix


def test_the_advice_for_a_secret_names_its_variable(write):
    with pytest.raises(InvalidRequest) as refused:
        load(write("matrix: {password: x}"), PLATFORMS)
    assert "AIGC_MATRIX_PASSWORD" in refused.value.fix


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("telegrm: {}", "unknown field 'telegrm'"),
        ("anser: all", "unknown field 'anser'"),
        ("rate: {burst: 0}", "burst: Input should be greater"),
        ("text: {max_token: 3}", "unknown field 'max_token'"),
        ("image: {width: -1}", "width"),
        ("matrix: [1]", "not a mapping of plain values"),
        ("- 1", "not a mapping"),
        ("a: [", "is not YAML"),
        ("", "not a mapping"),
    ],
)
def test_what_is_wrong_is_told(write, text, told):
    with pytest.raises(InvalidRequest, match=told):
        load(write(text), PLATFORMS)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(InvalidRequest, match="cannot read"):
        load(tmp_path / "absent.yaml", PLATFORMS)
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRequest, match="is not YAML"):
        load(tmp_path / "b.yaml", PLATFORMS)


def account(**values):
    return BotSettings(account={"matrix": {"server": "http://x", "user": "@bot:x"} | values})


def test_secrets_come_from_the_environment_and_are_never_shown(monkeypatch):
    monkeypatch.setenv("AIGC_MATRIX_PASSWORD", "planted-canary")
    monkeypatch.setenv("AIGC_MATRIX_SERVER", "http://elsewhere")
    credentials = resolve("matrix", SKINS["matrix"], account(), os.environ.get)
    assert credentials["server"] == "http://elsewhere"
    assert credentials.secret("password").get_secret_value() == "planted-canary"
    assert "canary" not in repr(credentials)


def test_what_is_missing_or_unknown_is_told(monkeypatch):
    monkeypatch.delenv("AIGC_TELEGRAM_TOKEN", raising=False)
    with pytest.raises(CredentialsRefused, match="token is missing") as missing:
        resolve("telegram", SKINS["telegram"], BotSettings(), os.environ.get)
    assert "AIGC_TELEGRAM_TOKEN" in missing.value.fix
    with pytest.raises(InvalidRequest, match="server is missing") as missing:
        resolve("matrix", SKINS["matrix"], BotSettings(), os.environ.get)
    assert "bot.yaml" in missing.value.fix
    with pytest.raises(InvalidRequest, match="no setting 'sever'") as unknown:
        resolve("matrix", SKINS["matrix"], account(sever="x"), os.environ.get)
    assert "server" in unknown.value.fix


def test_a_library_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="slixmpp") as missing:
        make("xmpp", Credentials("xmpp", {}, {}))
    assert "aigc-sdk[chat]" in missing.value.fix


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("matrix", {"server": "matrix.example.org", "user": "@bot:x"}, "is no URL"),
        ("matrix", {"server": "https://x", "user": "bot"}, "is no Matrix id"),
        ("xmpp", {"user": "bot", "nick": "", "rooms": "", "server": "", "encryption": "tls"}, "is no XMPP address"),
        ("slack", {"url": "https://x", "host": "127.0.0.1", "port": "http"}, "port 'http' is none"),
    ],
)
def test_wrong_settings_of_an_account(name, settings, told):
    from pydantic import SecretStr

    secrets = {one.name: SecretStr("x") for one in SKINS[name].credentials if one.secret}
    with pytest.raises(InvalidRequest, match=told):
        make(name, Credentials(name, settings, secrets))
