"""``aigc publish``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from ..contract.adapter import PublicationState
from ..contract.errors import AdapterError, ContentRefused, InvalidRequest
from . import outputs
from .completion import complete_target
from .options import json_option, together
from .progress import Status

if TYPE_CHECKING:
    from ..campaign.deliver import Delivery
    from ..contract.adapter import Check, Content, Package

_STATES = [state for state in get_args(PublicationState) if state != "removed"]


def only_options(function: Any) -> Any:
    """Which of a campaign's contents."""
    return together(
        click.option("--segment", "segments", multiple=True, metavar="NAME", help="Only this segment; repeatable."),
        click.option("--language", "languages", multiple=True, metavar="TAG", help="Only this language; repeatable."),
    )(function)  # fmt: skip


@click.command()
@click.argument("target", shell_complete=complete_target)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--as", "state", type=click.Choice(_STATES), help="In which state; the target's safest if not said.")
@click.option("--at", metavar="TIME", help='When, for --as scheduled: "2026-12-01 09:00", local time.')
@click.option("--again", is_flag=True, help="Take back what was published, and publish anew.")
@click.option("--dry-run", is_flag=True, help="Show every asset against every limit; send nothing.")
@only_options
@json_option
def publish(
    target: str,
    folder: Path,
    state: PublicationState | None,
    at: str | None,
    again: bool,
    dry_run: bool,
    segments: tuple[str, ...],
    languages: tuple[str, ...],
    as_json: bool,
) -> None:
    """Publish the campaign in FOLDER to TARGET: an adapter (wordpress, ghost, ...), or a target of your settings.

    What is there already as it is now is not sent again; what has changed is updated; a run that was broken off goes on
    where it stopped. `aigc adapters list` shows what each target needs, `aigc publications` what was published.

    \b
    Examples:
      aigc publish wordpress out/ --dry-run
      aigc publish wordpress out/ --as draft
      aigc publish shop out/ --as scheduled --at "2026-12-01 09:00" --segment "gift givers"
    """
    only = {"segments": segments, "languages": languages}
    when = _moment(at, state)
    carry(folder, target, dry_run=dry_run, as_json=as_json, only=only, state=state, at=when, again=again)


def carry(
    folder: Path,
    target: str,
    *,
    dry_run: bool,
    as_json: bool,
    only: dict[str, Any],
    overrides: dict[str, str] | None = None,
    **how: Any,
) -> None:
    """Publishes the campaign in a folder, or shows what would be sent.

    Args:
        only: segments and languages. overrides: settings of the target. how: of :func:`campaign.deliver.deliver`.
    """
    from ..campaign.contents import load_made
    from ..campaign.deliver import deliver, prepared
    from ..publishing import Publisher

    made = load_made(folder)
    with Publisher(overrides={target: overrides or {}}) as publisher:
        if dry_run:
            show_packages(prepared(made, target, publisher, **only), as_json=as_json)
            return
        with closing(Status()) as status:

            def show(target: str, content: Content) -> None:
                status.show(f"{target}: {content.id}")

            found = deliver(made, [target], publisher, on_start=show, **only, **how)
    show_deliveries(found, as_json=as_json)


def _moment(at: str | None, state: str | None) -> datetime | None:
    if (at is None) == (state == "scheduled"):
        raise InvalidRequest("--at and --as scheduled go together", fix='--as scheduled --at "2026-12-01 09:00"')
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at).astimezone()
    except ValueError:
        raise InvalidRequest(f"--at: {at!r} is no time", fix='write it as "2026-12-01 09:00"') from None
    if moment <= datetime.now().astimezone():
        raise InvalidRequest(f"--at: {at} has passed")
    return moment


# --- showing ------------------------------------------------------------------------------------------------------


def show_packages(packages: Sequence[Package], *, as_json: bool) -> None:
    """Prints what would be sent, and every asset against every limit.

    Raises:
        ContentRefused: a limit is broken; after all is printed.
    """
    from ..campaign.deliver import title_of

    if as_json:
        outputs.print_json([_package_json(package) for package in packages])
    else:
        for package in packages:
            click.echo(f"\n{title_of(package.content)}  ({package.content.id})")
            rows = [_check_row(check) for check in package.checks]
            outputs.table(("asset", "rule", "is", "limit", "kind", "", "source"), rows)
            for adaptation in package.adaptations:
                click.echo(f"  adapted: {adaptation}")
    broken = sum(not check.passed and check.kind == "limit" for package in packages for check in package.checks)
    if broken:
        raise ContentRefused(
            f"{broken} limits of the target are broken; nothing can be published so",
            fix="shorten the texts, or exchange the pictures, marked FAIL",
        )
    outputs.say(f"{len(packages)} contents fit; nothing was sent")


def _check_row(check: Check) -> list[str]:
    result = "ok" if check.passed else "FAIL" if check.kind == "limit" else "cut off"
    return [check.asset, check.rule, check.measured, check.limit, check.kind, result, check.source]


def _package_json(package: Package) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "content": package.content.id,
        "payload": package.payload,
        "attachments": [{"role": one.role, "name": one.name, "alt": one.alt} for one in package.content.attachments],
        "checks": [asdict(check) for check in package.checks],
        "adaptations": list(package.adaptations),
    }


def show_deliveries(found: Sequence[Delivery], *, as_json: bool) -> None:
    """Prints what came of each content.

    Raises:
        AigcError: the first error, if there was one; after all is printed.
        AdapterError: a target does not hold what was sent.
    """
    if as_json:
        outputs.print_json([delivery_json(delivery) for delivery in found])
    else:
        for delivery in found:
            print_delivery(delivery)
    check_deliveries(found)


def check_deliveries(found: Sequence[Delivery]) -> None:
    """Raises what :func:`show_deliveries` raises."""
    errors = [delivery.error for delivery in found if delivery.error is not None]
    if errors:
        raise errors[0]
    if not all(delivery.published.verified for delivery in found if delivery.published is not None):
        raise AdapterError("read back, it is not what was sent", fix="look at it at the target")


def print_delivery(delivery: Delivery) -> None:
    """Prints what came of one content."""
    published = delivery.published
    if published is None:
        click.echo(f"{delivery.target}: {delivery.title}: failed")
        return
    publication = published.publication
    click.echo(f"{delivery.target}: {delivery.title}: {published.change}, {publication.state}")
    for name, link in publication.links.items():
        click.echo(f"  {name}: {link}")
    for adaptation in published.package.adaptations:
        click.echo(f"  adapted: {adaptation}")
    for finding in published.findings:
        if not finding.passed:
            click.echo(f"  NOT {finding.what}" + (f"  -> {finding.fix}" if finding.fix else ""))


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """JSON-ready."""
    base: dict[str, Any] = {"target": delivery.target, "content": delivery.content.id}
    if delivery.error is not None:
        return base | {"error": delivery.error.as_dict()}
    assert delivery.published is not None
    publication = delivery.published.publication
    return base | {
        "change": delivery.published.change,
        "state": publication.state,
        "key": publication.key,
        "ids": publication.ids,
        "links": publication.links,
        "verified": delivery.published.verified,
    }
