"""``aigc ads``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .completion import complete_target
from .options import json_option, together
from .publish import carry, only_options


@click.group()
def ads() -> None:
    """Put a campaign's ads into an ad account, paused: nothing runs, and nothing costs, until you switch it on there.

    `aigc adapters list` shows what each account needs, `aigc publications` what was published.

    \b
    Examples:
      aigc ads google out/ --dry-run
      aigc ads meta out/ --campaign 1234567890
    """


def _common(function: Any) -> Any:
    return together(
        click.argument("folder", type=click.Path(path_type=Path)),
        click.option("--campaign", metavar="ID", help="The campaign that the ads are for."),
    )(function)  # fmt: skip


def _how(function: Any) -> Any:
    return together(
        click.option("--target", metavar="NAME", shell_complete=complete_target,
                     help="A target of your settings, for a second account."),
        click.option("--again", is_flag=True, help="Take back what was published, and publish anew."),
        click.option("--dry-run", is_flag=True, help="Show every asset against every limit; send nothing."),
        only_options,
        json_option,
    )(function)  # fmt: skip


@ads.command()
@_common
@click.option("--ad-group", metavar="ID", help="The ad group, if the campaign has several.")
@_how
def google(folder: Path, campaign: str | None, ad_group: str | None, target: str | None, **how: Any) -> None:
    """Ads of the campaign in FOLDER to Google Ads: responsive search and display ads, and Performance Max asset groups.

    The brief's channels google-rsa, google-display and google-pmax. With --dry-run, no account is needed, and the exit
    code is 12 if a limit is broken.

    \b
    Examples:
      aigc ads google out/ --dry-run
      aigc ads google out/ --campaign 1234567890 --ad-group 9876543210
    """
    _deliver(folder, target or "google-ads", {"campaign": campaign, "ad_group": ad_group}, **how)


@ads.command()
@_common
@click.option("--ad-set", metavar="ID", help="The ad set, if the campaign has several.")
@_how
def meta(folder: Path, campaign: str | None, ad_set: str | None, target: str | None, **how: Any) -> None:
    """Ads of the campaign in FOLDER to Meta: one ad for each picture and video, for feed and stories.

    The brief's channels meta-feed and meta-stories. With --dry-run, no account is needed, and the exit code is 12 if a
    limit is broken.

    \b
    Examples:
      aigc ads meta out/ --dry-run
      aigc ads meta out/ --campaign 1234567890 --segment "gift givers"
    """
    _deliver(folder, target or "meta", {"campaign": campaign, "ad_set": ad_set}, **how)


def _deliver(
    folder: Path,
    target: str,
    place: dict[str, str | None],
    *,
    again: bool,
    dry_run: bool,
    segments: tuple[str, ...],
    languages: tuple[str, ...],
    as_json: bool,
) -> None:
    given = {name: value for name, value in place.items() if value is not None}
    only = {"segments": segments, "languages": languages}
    carry(folder, target, dry_run=dry_run, as_json=as_json, only=only, overrides=given, again=again)
