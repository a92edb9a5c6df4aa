"""``aigc bot``: a bot on a chat platform."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..contract.errors import MissingExtra, UnknownPlugin, did_you_mean
from . import outputs
from .run import Session

if TYPE_CHECKING:
    from ..engine.client import Client

GROUP = "aigc_sdk.bots"
"""Entry points by platform: ``run(platform, config, client, say, secret)``, which returns when it was told to stop."""

Run = Callable[[str, Path, "Client", Callable[[str], None], Callable[[str], str | None]], None]


@click.command()
@click.argument("platform")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=Path("bot.yaml"),
    show_default=True,
    help="What the bot does, and its account; secrets are in the environment.",
)
def bot(platform: str, config: Path) -> None:
    """Run a bot on a chat platform: matrix, xmpp, telegram, slack, discord, teams or feishu.

    It answers, and makes pictures, sounds and clips on !image, !speech and !video. With a folder of texts it answers
    customers from these and says from which. Passwords and tokens are read from the environment, such as
    AIGC_MATRIX_PASSWORD or AIGC_TELEGRAM_TOKEN, or from the system's keyring.

    \b
    Examples:
      aigc bot matrix
      aigc bot telegram --config shop/bot.yaml
    """
    from ..publishing.secrets import secret_of

    run = _runner(platform)
    with Session() as session:
        run(platform, config, session.client, outputs.say, secret_of)


def _runner(platform: str) -> Run:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if platform not in found:
        raise UnknownPlugin(f"no platform {platform!r}", fix=did_you_mean(platform, found))
    try:
        run: Run = found[platform].load()
    except ModuleNotFoundError as error:
        raise MissingExtra("chat", [error.name or platform], plugin=platform) from error
    return run
