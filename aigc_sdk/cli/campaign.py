"""``aigc campaign``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import outputs
from .options import json_option
from .publish import check_deliveries, delivery_json, print_delivery

if TYPE_CHECKING:
    from ..campaign.events import CampaignEvent
    from ..campaign.run import CampaignResult
    from .progress import Status


@click.command()
@click.argument("brief", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="Where to.")
@json_option
def campaign(brief: Path, overrides: tuple[str, ...], output: Path, as_json: bool) -> None:
    """Run the main job: a brief in, content out.

    BRIEF is a YAML file; FOLDER gets the copy, the receipts and a page to look at. What a run has finished is kept:
    after a break, or a change of the brief, the next run makes only what is not there or has changed.

    KEY=VALUE changes how it is run; `aigc config` lists the settings under "campaign".

    \b
    Examples:
      aigc campaign examples/mug.yaml -o out/
      aigc campaign examples/mug.yaml -o out/ variants=4 seed=7
      aigc campaign examples/mug.yaml -o out/ publish=[wordpress]
      aigc campaign brief.yaml -o out/ model=qwen2.5-coder-0.5b-instruct engine.device=cpu
    """
    from ..campaign.brief import load_brief
    from ..campaign.run import run_campaign
    from ..settings import load
    from .run import Session

    if output.exists() and not output.is_dir():
        raise InvalidRequest(f"{output} is a file", fix="name a folder")
    settings = load([full_name(override) for override in overrides])
    loaded = load_brief(brief)
    began = time.perf_counter()
    with Session(settings) as session:
        steps = Steps(session.status)
        session.status.show("loading the model")
        result = run_campaign(loaded, output, client=session.client, on_event=steps)
    if as_json:
        outputs.print_json(summary(result, time.perf_counter() - began))
    else:
        _print_summary(result, time.perf_counter() - began)
    check_deliveries(result.deliveries)


class Steps:
    """Shows a campaign's progress on stderr."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def __call__(self, event: CampaignEvent) -> None:
        from ..campaign.events import CandidatesDone, SetAside, StepStarted

        match event:
            case StepStarted(step=step, kept=kept):
                self._status.note(f"{step}: " + ("kept from an earlier run" if kept else "..."))
            case CandidatesDone(done=done, of=of):
                self._status.show("candidates", done, of)
            case SetAside(path=path):
                self._status.note(f"a file in the way was kept as {path}")


def summary(result: CampaignResult, seconds: float) -> dict[str, Any]:
    """What came out, JSON-ready."""
    manifest = result.manifest
    return {
        "page": str(result.page),
        "folder": str(result.folder),
        "ads": len(manifest.ads),
        "pieces": len(manifest.pieces()),
        "voice_overs": len(manifest.voice_overs),
        "pictures": len(manifest.pictures),
        "creatives": len(manifest.creatives),
        "videos": len(manifest.videos),
        "templates": sum(piece.made_by == "template" for piece in manifest.pieces()),
        "candidates": manifest.candidates,
        "rejected": manifest.turned_down,
        "gaps": [gap.model_dump(mode="json") for gap in manifest.gaps],
        "models": list(manifest.models),
        "publications": [delivery_json(delivery) for delivery in result.deliveries],
        "seconds": round(seconds, 1),
    }


def _print_summary(result: CampaignResult, seconds: float) -> None:
    made = summary(result, seconds)
    filled = f", {made['templates']} of them filled from the facts by template" if made["templates"] else ""
    also = "".join(
        f", {made[key]} {name}"
        for key, name in (("creatives", "creatives"), ("voice_overs", "voice-overs"), ("videos", "videos"))
        if made[key]
    )
    click.echo(f"{made['pieces']} pieces in {made['ads']} ads{filled}{also}, in {made['seconds']} s")
    click.echo(f"{made['rejected']} of {made['candidates']} candidates were rejected; manifest.json says why")
    for gap in result.gaps:
        place = ", ".join(part for part in (gap.channel, gap.place) if part)
        click.echo(f"missing: {place}: {gap.what}")
    for delivery in result.deliveries:
        print_delivery(delivery)
    click.echo(f"page: {made['page']}")


def full_name(override: str) -> str:
    """``variants=4`` means ``campaign.variants=4`` here; any setting can be written in full."""
    from ..settings import Settings

    key = override.partition("=")[0]
    if "=" not in override:
        raise click.BadParameter(f"{override!r} is not KEY=VALUE")
    is_full = "." in key or "/" in key or key[:1] in "+~" or key in Settings.model_fields
    return override if is_full else f"campaign.{override}"
