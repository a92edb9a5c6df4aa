"""``aigc models``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import outputs
from .options import json_option
from .plan import MODALITIES

if TYPE_CHECKING:
    from ..registry import Entry

HEADINGS = ("id", "modality", "tasks", "licence", "parameters", "size", "here", "plugin")


@click.command()
@click.option("--task", metavar="TASK", help="Only models that serve TASK, such as chat or translation.")
@click.option("--modality", type=click.Choice(MODALITIES), help="Only models of this modality.")
@click.option("--here", is_flag=True, help="Only models whose files are here.")
@json_option
def models(task: str | None, modality: str | None, here: bool, as_json: bool) -> None:
    """List the models of the installed plugins. Models of a hub are used by their id (org/name) and not listed.

    \b
    Examples:
      aigc models
      aigc models --task translation --here
      aigc models --json
    """
    from ..registry import load

    present = _present()
    found = [describe(entry, present) for entry in load().entries()]
    found = [
        model
        for model in found
        if (task is None or task in model["tasks"])
        and (modality is None or modality == model["modality"])
        and (not here or model["here"])
    ]
    if as_json:
        outputs.print_json(found)
        return
    outputs.table(HEADINGS, [_row(model) for model in found], right=("parameters", "size"))
    if not found:
        outputs.say("no such model; `aigc models` lists all, `aigc plugins doctor` says what is wrong with a plugin")


def _present() -> set[str]:
    from ..settings import home
    from ..store import Store

    return {stored.model for stored in Store(home()).list() if stored.complete}


def describe(entry: Entry, present: set[str]) -> dict[str, Any]:
    """A listed model, JSON-ready. ``here``: its files are in the store, or it has none."""
    card = entry.card
    return {
        "id": card.id,
        "aliases": list(card.aliases),
        "modality": entry.manifest.modality,
        "tasks": list(card.tasks),
        "licence": card.licence,
        "open_licence": card.open_licence,
        "parameters": card.parameters,
        "size_bytes": card.size_bytes,
        "languages": list(card.languages),
        "here": card.id in present or not card.sources,
        "default": card.id == entry.manifest.default_model,
        "plugin": entry.plugin.name,
        "notes": card.notes,
    }


def _row(model: dict[str, Any]) -> list[str]:
    return [
        model["id"] + (" (default)" if model["default"] and outputs.on_terminal() else ""),
        model["modality"],
        ", ".join(model["tasks"]),
        model["licence"],
        _count(model["parameters"]),
        outputs.human_bytes(model["size_bytes"]) if model["size_bytes"] else "",
        "yes" if model["here"] else "no",
        model["plugin"],
    ]


def _count(parameters: int) -> str:
    if parameters >= 1e9:
        return f"{parameters / 1e9:.1f} B"
    return f"{parameters / 1e6:.0f} M" if parameters else ""
