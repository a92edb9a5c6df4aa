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
