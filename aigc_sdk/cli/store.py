"""``aigc store``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import HashMismatch, InvalidRequest
from . import outputs
from .catalogue import card_of, open_store
from .completion import complete_model
from .options import json_option
from .progress import Status

if TYPE_CHECKING:
    from ..store import Store

MODEL = click.argument("model", shell_complete=complete_model)


@click.group()
def store() -> None:
    """Fetch, check and remove model files. Files are checked against pinned hashes and kept under AIGC_HOME.

    \b
    Examples:
      aigc store list
      aigc store pull smollm2-135m-instruct
      aigc store verify
      aigc store remove smollm2-135m-instruct
    """


@store.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List what is in the store, and what it takes."""
    found = [_describe(stored) for stored in open_store(Status()).list()]
    if as_json:
        outputs.print_json(found)
        return
    rows = [
        [
            model["model"],
            outputs.human_bytes(model["bytes"]),
            model["licence"],
            "complete" if model["complete"] else "unfinished",
            ", ".join(model["conversions"]),
            model["last_used"] or "never",
        ]
        for model in found
    ]
    outputs.table(("model", "size", "licence", "state", "conversions", "last used"), rows, right=("size",))
    if not found:
        outputs.say("the store is empty; a model is fetched when it is first used, or with `aigc store pull`")


def _describe(stored: Any) -> dict[str, Any]:
    used = stored.last_used
    return {
        "model": stored.model,
        "bytes": stored.bytes,
        "licence": stored.licence,
        "complete": stored.complete,
        "conversions": list(stored.conversions),
        "last_used": used.isoformat(timespec="seconds") if used else None,
        "path": str(stored.path),
    }


@store.command()
@click.argument("models", nargs=-1, required=True, shell_complete=complete_model)
def pull(models: tuple[str, ...]) -> None:
    """Fetch MODELS now: ids, hub ids (org/name) or folders. What was fetched in part is continued.

    Prints each model's folder.
    """
    from ..registry import load

    status, registry = Status(), load()
    place = open_store(status)
    cards = [card_of(model, registry, place) for model in models]
    try:
        for card in cards:
            if not card.sources:
                outputs.say(f"{card.id} has no files")
                continue
            click.echo(place.pull(card))
    finally:
        status.clear()


@store.command()
@click.argument("model", required=False, shell_complete=complete_model)
@json_option
def verify(model: str | None, as_json: bool) -> None:
    """Compute the hash of every file again, of MODEL or of all. Exit code 7 if one is not as it should be."""
    place = open_store(Status())
    findings = place.verify(_stored_name(model, place) if model else None)
    if as_json:
        outputs.print_json([{"what": f.what, "passed": f.passed, "fix": f.fix} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok' if finding.passed else 'DAMAGED':8}{finding.what}")
            if not finding.passed and finding.fix:
                click.echo(f"        -> {finding.fix}")
    bad = sum(not finding.passed for finding in findings)
    if bad:
        raise HashMismatch(f"{bad} of {len(findings)} files are not as they should be")


@store.command()
@MODEL
def remove(model: str) -> None:
    """Remove MODEL, its conversions and what a broken-off pull left of it."""
    place = open_store(Status())
    freed = place.remove(_stored_name(model, place))
    outputs.say(f"freed {outputs.human_bytes(freed)}")


@store.command("accept-licence")
@MODEL
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def accept_licence(model: str, yes: bool) -> None:
    """Show the terms of MODEL and accept them, so that it may be fetched. It is remembered under AIGC_HOME."""
    from ..registry import load

    place = open_store(Status())
    card = card_of(model, load(), place)
    outputs.say(f"{card.id}: licence {card.licence}" + (f", {card.licence_url}" if card.licence_url else ""))
    if card.open_licence:
        outputs.say("this licence is open and needs no acceptance")
        return
    if not yes and not click.confirm("Have you read the terms, and do you accept them?", err=True):
        raise InvalidRequest("the terms were not accepted")
    place.accept_licence(card.id, card.licence)
    outputs.say(f"accepted; `aigc store pull {card.id}` fetches it")


def _stored_name(model: str, place: Store) -> str:
    """The id under which the store knows a model: aliases are the registry's affair."""
    if any(stored.model == model for stored in place.list()):
        return model
    from ..registry import load

    for entry in load().entries():
        if model in entry.card.aliases:
            return entry.card.id
    return model
