"""What ``aigc bot`` runs."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from aigc_sdk import AsyncClient, Client, Credentials, CredentialsRefused, InvalidRequest, MissingExtra, UnknownPlugin
from aigc_sdk.contract.errors import did_you_mean

from .bot import Bot
from .settings import BotSettings, load
from .skins import SKINS, Skin, make

if TYPE_CHECKING:
    from .service import Service


def run(
    name: str, config: Path, client: Client, say: Callable[[str], None], secret: Callable[[str], str | None]
) -> None:
    """Runs a bot until it is told to stop (SIGTERM, Ctrl-C).

    Args:
        name: of the platform. config: the path of ``bot.yaml``. client: what generates.
        say: told in a line what goes on. secret: gives a secret by its variable's name.

    Raises:
        AigcError: the settings are wrong, or the platform does not let the bot in.
    """
    skin = SKINS.get(name)
    if skin is None:
        raise UnknownPlugin(f"no platform {name!r}", fix=did_you_mean(name, SKINS))
    settings = load(config, tuple(SKINS))
    platform = make(name, resolve(name, skin, settings, secret))
    service = _service(settings, client)
    bot = Bot(platform, AsyncClient(client), settings, service=service)
    asyncio.run(_until_stopped(bot, lambda: say(f"The bot is on {skin.title}. Ctrl-C stops it.")))


def resolve(name: str, skin: Skin, settings: BotSettings, secret: Callable[[str], str | None]) -> Credentials:
    """The account: settings from the environment or ``bot.yaml``, secrets from where secrets are.

    Raises:
        InvalidRequest: a setting is missing or unknown. CredentialsRefused: a secret is missing.
    """
    given = settings.account.get(name, {})
    known = {credential.name for credential in skin.credentials if not credential.secret}
    if unknown := sorted(given.keys() - known):
        raise InvalidRequest(f"{name} has no setting {unknown[0]!r}", plugin=name, fix=did_you_mean(unknown[0], known))
    plain, secrets = {}, {}
    for credential in skin.credentials:
        variable = f"AIGC_{name.upper()}_{credential.name.upper()}"
        found = secret(variable) if credential.secret else os.environ.get(variable) or given.get(credential.name)
        value = found or credential.default
        if value is None:
            kind = CredentialsRefused if credential.secret else InvalidRequest
            place = f"set {variable}" + ("" if credential.secret else f", or {name}: {credential.name}: in bot.yaml")
            raise kind(f"{credential.name} is missing", plugin=name, fix=place + _more(credential.help))
        if credential.secret:
            secrets[credential.name] = SecretStr(value)
        else:
            plain[credential.name] = value
    return Credentials(name, plain, secrets)


def _more(help: str) -> str:
    return f" ({help})" if help else ""


def _service(settings: BotSettings, client: Client) -> Service | None:
    if settings.service is None:
        return None
    missing = [name for name in ("bm25s", "snowballstemmer", "jieba") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra("chat", missing)
    from .service import Service

    return Service(settings.service, AsyncClient(client), settings.fields("text"))


async def _until_stopped(bot: Bot, ready: Callable[[], None]) -> None:
    """Runs the bot. SIGTERM, as a service manager sends it, is an ordinary end."""
    running = asyncio.create_task(bot.run(ready))
    told = asyncio.Event()

    def stop() -> None:
        told.set()
        running.cancel()

    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not told.is_set():
            raise
