"""``aigc plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from . import outputs
from .options import json_option, model_options

if TYPE_CHECKING:
    from ..contract.requests import Modality, Request

MODALITIES = ("text", "image", "audio", "video")


@click.command()
@click.argument("modality", type=click.Choice(MODALITIES))
@model_options
@click.option("--device", metavar="NAME", help="cuda, rocm, xpu, mps or cpu, or one device such as cuda:1.")
@json_option
def plan(modality: str, device: str | None, as_json: bool, **fields: Any) -> None:
    """Show how a model would run on this machine, and why: device, runner, dtype, threads, memory. Loads nothing.

    \b
    Examples:
      aigc plan text
      aigc plan text --model HuggingFaceTB/SmolLM2-360M-Instruct
      aigc plan text --runner transformers --device cpu --json
    """
    from ..accelerators.explain import explain
    from .run import Session

    with Session() as session:
        made = session.client.plan(_request(cast("Modality", modality), fields), device=device)
    if as_json:
        outputs.print_json(made.model_dump(mode="json"))
        return
    for line in explain(made):
        click.echo(line)


def _request(modality: Modality, fields: dict[str, Any]) -> Request:
    """A request that stands for any: the plan depends on the model, not on what is asked of it."""
    from ..engine.client import make_request
    from .options import given

    return make_request(modality, prompt="plan", **given(**fields))
