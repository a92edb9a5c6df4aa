"""The platforms by name. A skin's module, and with it the platform's library, is imported when it is used."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import cast

from aigc_sdk import Credential, Credentials, MissingExtra

from ..bot.platform import Platform


@dataclass(frozen=True, slots=True)
class Skin:
    """One platform.

    Attributes:
        factory: ``module:class`` in this package; takes :class:`~aigc_sdk.Credentials`, opens no connection.
        requires: import names of the libraries that it needs.
        credentials: what an account consists of.
    """

    title: str
    factory: str
    requires: tuple[str, ...]
    credentials: tuple[Credential, ...]


def _setting(name: str, default: str | None = None, help: str = "") -> Credential:
    return Credential(name=name, default=default, help=help)


def _secret(name: str, default: str | None = None, help: str = "") -> Credential:
    return Credential(name=name, secret=True, default=default, help=help)


_WEBHOOK = (
    _setting("host", "127.0.0.1", "address on which the platform's calls are received"),
    _setting("port", "8080", "port of that address"),
)

SKINS = {
    "matrix": Skin(
        "Matrix",
        "matrix:Matrix",
        ("nio", "aiohttp"),
        (
            _setting("server", help="URL of the homeserver, such as https://matrix.example.org"),
            _setting("user", help="the bot's account, such as @shop:example.org"),
            _secret("password", ""),
            _secret("token", "", "an access token, in place of the password"),
        ),
    ),
    "xmpp": Skin(
        "XMPP",
        "xmpp:Xmpp",
        ("slixmpp", "aiohttp"),
        (
            _setting("user", help="the bot's account, such as shop@example.org"),
            _secret("password"),
            _setting("server", "", "host:port, where the domain's DNS entries do not tell"),
            _setting("rooms", "", "rooms that it joins, such as help@rooms.example.org"),
            _setting("nick", "", "its name in rooms"),
            _setting("encryption", "tls", "tls, or none for a server on this machine"),
        ),
    ),
    "telegram": Skin(
        "Telegram",
        "telegram:Telegram",
        ("telegram",),
        (
            _secret("token", help="@BotFather shows it"),
            _setting("url", "https://api.telegram.org", "of the Bot API; another for a server of one's own"),
        ),
    ),
    "slack": Skin(
        "Slack",
        "slack:Slack",
        ("slack_bolt", "slack_sdk", "aiohttp"),
        (
            _secret("token", help="the app's bot token, xoxb-..."),
            _secret("signing_secret", "", "of the app; needed to receive what is said"),
            _setting("url", "https://slack.com/api/", "of the Web API"),
            *_WEBHOOK,
        ),
    ),
    "discord": Skin(
        "Discord",
        "discord:Discord",
        ("discord", "aiohttp"),
        (
            _secret("token", help="the bot's token"),
            _setting("message_content", "yes", "no for a bot without the intent Message Content"),
        ),
    ),
    "teams": Skin(
        "Microsoft Teams",
        "teams:Teams",
        ("botbuilder", "botframework", "aiohttp"),
        (
            _setting("app_id", "", "of the Azure bot; empty for the Bot Framework Emulator on this machine"),
            _secret("password", "", "the app's client secret"),
            _setting("tenant", "", "of a single-tenant app"),
            _setting("public_url", "", "under which Teams reaches this bot, for files"),
            *_WEBHOOK,
        ),
    ),
    "feishu": Skin(
        "Feishu",
        "feishu:Feishu",
        ("lark_oapi", "requests", "aiohttp"),
        (
            _setting("app_id", help="of the app, cli_..."),
            _secret("app_secret"),
            _secret("encrypt_key", "", "of the app's events; needed to receive what is said"),
            _secret("verification_token", "", "of the app's events; needed to receive what is said"),
            _setting("url", "https://open.feishu.cn", "https://open.larksuite.com for Lark"),
            *_WEBHOOK,
        ),
    ),
}


def make(name: str, credentials: Credentials) -> Platform:
    """The platform of a name, not yet connected.

    Raises:
        MissingExtra: its library is not installed.
        InvalidRequest: a setting has a wrong value.
    """
    skin = SKINS[name]
    missing = [module for module in skin.requires if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtra("chat", missing, plugin=name)
    module, _, factory = skin.factory.partition(":")
    return cast(Platform, getattr(importlib.import_module(f"{__name__}.{module}"), factory)(credentials))
