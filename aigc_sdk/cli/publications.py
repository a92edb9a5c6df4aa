"""``aigc publications``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import outputs
from .completion import complete_target
from .options import json_option

if TYPE_CHECKING:
    from ..ledger import PublicationRecord

_KEY_CHARS = 10


@click.group()
def publications() -> None:
    """Show what was published, and what came of it; take it back.

    \b
    Examples:
      aigc publications list --target wordpress
      aigc publications remove 3f2a91
      aigc publications outcomes google-ads --days 7
    """


@publications.command("list")
@click.option("--target", shell_complete=complete_target, help="Only of this target.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most lines.")
@json_option
def list_(target: str | None, limit: int, as_json: bool) -> None:
    """List publications, the last changed first."""
    from ..publishing import Publisher

    with Publisher() as publisher:
        found = publisher.publications.query(target=target, limit=limit)
    if as_json:
        outputs.print_json([_as_json(record) for record in found])
        return
    rows = [_row(record) for record in found]
    outputs.table(("key", "changed", "target", "state", "title", "link"), rows)


@publications.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def remove(keys: Sequence[str]) -> None:
    """Take publications back at their targets, media included. KEY is the beginning of a key."""
    from ..ledger.publications import find_publication
    from ..publishing import Publisher

    with Publisher() as publisher:
        found = [find_publication(publisher.publications, key) for key in keys]
        for record in found:
            if record.state == "removed":
                outputs.say(f"{record.title} was removed from {record.target} before")
                continue
            publisher.unpublish(record)
            outputs.say(f"{record.title}: removed from {record.target}")


@publications.command()
@click.argument("target", shell_complete=complete_target)
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How far back.")
@json_option
def outcomes(target: str, days: int, as_json: bool) -> None:
    """Show views, clicks and the like that TARGET reports."""
    from ..publishing import Publisher

    with Publisher() as publisher:
        if "outcomes" not in publisher.manifest(target).capabilities:
            raise InvalidRequest(f"{target} reports no outcomes")
        found = list(publisher.outcomes(target, datetime.now().astimezone() - timedelta(days=days)))
    if as_json:
        outputs.print_json([{**asdict(one), "at": one.at.isoformat()} for one in found])
        return
    rows = [[one.publication[:_KEY_CHARS], one.at.date().isoformat(), one.metric, f"{one.value:g}"] for one in found]
    outputs.table(("publication", "day", "metric", "value"), rows, right=("value",))


def _row(record: PublicationRecord) -> list[str]:
    changed = record.updated.astimezone().strftime("%Y-%m-%d %H:%M")
    link = record.links.get("view") or next(iter(record.links.values()), "")
    return [record.key[:_KEY_CHARS], changed, record.target, record.state or "", record.title, link]


def _as_json(record: PublicationRecord) -> dict[str, Any]:
    times = {"created": record.created.isoformat(), "updated": record.updated.isoformat()}
    return {**asdict(record), **times}
