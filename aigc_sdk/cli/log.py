"""``aigc log``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import outputs
from .completion import complete_model
from .inputs import moment
from .options import json_option
from .plan import MODALITIES

if TYPE_CHECKING:
    from ..ledger import Entry, Ledger, Total

STATES = ("queued", "running", "completed", "failed", "cancelled", "interrupted")


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    return moment(value, datetime.now(UTC)) if value is not None else None


@click.command()
@click.argument("job", required=False)
@click.option("--since", metavar="TIME", callback=_moment, help="From TIME on: 2026-11-22, 2026-11-22T10:00, 2h, 7d.")
@click.option("--model", metavar="ID", shell_complete=complete_model, help="Only jobs of this model.")
@click.option("--modality", type=click.Choice(MODALITIES), help="Only jobs of this modality.")
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest N.", metavar="N")
@click.option("--totals", type=click.Choice(["model", "modality", "day"]), help="Add up, by model, modality or day.")
@click.option("--export", type=click.Path(path_type=Path), metavar="FILE", help="Write all jobs to FILE as JSON lines.")
@click.option("--forget-before", metavar="TIME", callback=_moment, help="Delete all jobs created before TIME.")
@json_option
def log(
    job: str | None,
    totals: Any,
    export: Path | None,
    forget_before: datetime | None,
    as_json: bool,
    since: datetime | None,
    **conditions: Any,
) -> None:
    """Show what was made, by what, at what cost. With JOB (an id or its beginning): one job, with its receipt.

    Prompts are there only if the setting ledger.store_prompts was on when they were made.

    \b
    Examples:
      aigc log --since 2h --state failed
      aigc log --totals day
      aigc log 19abc --json
      aigc log --forget-before 90d
    """
    ledger = _ledger()
    try:
        if forget_before is not None:
            outputs.say(f"{ledger.forget(forget_before)} jobs forgotten")
        elif export is not None:
            outputs.check_target(export)
            outputs.say(f"{ledger.export(export, since=since)} jobs written to {export}")
        elif job is not None:
            _print_one(ledger.get(job), as_json)
        elif totals is not None:
            _print_totals(ledger.totals(totals, since=since), totals, as_json)
        else:
            _print_many(ledger.query(since=since, **conditions), as_json)
    finally:
        ledger.close()


def _ledger() -> Ledger:
    from ..ledger import Ledger
    from ..settings import load

    settings = load().ledger
    if not settings.enabled:
        raise InvalidRequest(
            "the ledger is switched off", fix="ledger.enabled=true in the file of `aigc config --path`"
        )
    return Ledger.from_settings(settings)


def _print_one(entry: Entry, as_json: bool) -> None:
    if as_json:
        outputs.print_json(entry.as_dict())
        return
    import yaml

    values = {name: value for name, value in entry.as_dict().items() if value not in (None, {})}
    click.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100), nl=False)


def _print_many(entries: list[Entry], as_json: bool) -> None:
    if as_json:
        outputs.print_json([entry.as_dict() for entry in entries])
        return
    rows = [
        [
            entry.id,
            entry.created.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            entry.state,
            entry.model,
            entry.task,
            _seconds(entry.timings.get("total")),
            _units(entry.units),
            entry.error or entry.prompt or "",
        ]
        for entry in entries
    ]
    headings = ("job", "created", "state", "model", "task", "seconds", "units", "error or prompt")
    outputs.table(headings, rows, right=("seconds",))
    if not entries:
        outputs.say("no such jobs")


def _print_totals(totals: list[Total], by: str, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        outputs.print_json([asdict(total) for total in totals])
        return
    rows = [
        [
            total.key,
            str(total.jobs),
            str(total.completed),
            str(total.failed),
            str(total.cancelled),
            _seconds(total.seconds),
            "" if total.joules is None else f"{total.joules:.0f}",
            _units(total.units),
        ]
        for total in totals
    ]
    numbers = ("jobs", "completed", "failed", "cancelled", "seconds", "joules")
    outputs.table((by, *numbers, "units"), rows, right=numbers)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _units(units: dict[str, float]) -> str:
    return ", ".join(f"{amount:g} {name.replace('_', ' ')}" for name, amount in units.items())
