"""``aigc campaign``."""

from __future__ import annotations

from pathlib import Path

import click

from ..contract.errors import InvalidRequest
from . import outputs
from .options import json_option


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
      aigc campaign brief.yaml -o out/ model=qwen2.5-coder-0.5b-instruct engine.device=cpu
    """
    from ..settings import load
    from .run import Session

    if output.exists() and not output.is_dir():
        raise InvalidRequest(f"{output} is a file", fix="name a folder")
    settings = load([full_name(override) for override in overrides])
    with Session(settings) as session:
        raise NotImplementedError(session, brief, as_json, outputs)


def full_name(override: str) -> str:
    """``variants=4`` means ``campaign.variants=4`` here; any setting can be written in full."""
    from ..settings import Settings

    key = override.partition("=")[0]
    if "=" not in override:
        raise click.BadParameter(f"{override!r} is not KEY=VALUE")
    is_full = "." in key or "/" in key or key[:1] in "+~" or key in Settings.model_fields
    return override if is_full else f"campaign.{override}"
