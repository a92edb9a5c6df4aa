"""``aigc plugins``."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..contract.errors import BrokenPlugin, UnknownPlugin, did_you_mean
from . import outputs
from .completion import complete_plugin
from .new_plugin import new
from .options import json_option
from .plugin_packages import install, lock, remove, sync


@click.group()
def plugins() -> None:
    """List what is installed, say what is wrong with it, switch it off and on; install, remove and make plugins.

    A broken plugin is set aside: every command that does not need it works.

    \b
    Examples:
      aigc plugins list
      aigc plugins doctor --strict
      aigc plugins disable some-plugin
    """


@plugins.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List plugins, adapters and hook packages, and whether they work."""
    from ..registry import load

    found = [describe(info) for info in load().everything()]
    if as_json:
        outputs.print_json(found)
        return
    rows = [[i["name"], i["version"], i["distribution"], i["serves"], i["state"], i["reason"]] for i in found]
    outputs.table(("name", "version", "from", "serves", "state", "reason"), rows)


@plugins.command()
@click.option("--strict", is_flag=True, help="Exit with 5 if anything is quarantined, for CI.")
@json_option
def doctor(strict: bool, as_json: bool) -> None:
    """Say what is wrong with what is installed, and what to type."""
    from ..registry import load

    found = [describe(info) for info in load().everything()]
    broken = [info for info in found if info["state"] == "quarantined"]
    if as_json:
        outputs.print_json(found)
    else:
        _print_findings(found)
    if strict and broken:
        names = ", ".join(info["name"] for info in broken)
        if as_json:
            sys.exit(BrokenPlugin.exit_code)
        raise BrokenPlugin(f"quarantined: {names}", fix="see above")


def _print_findings(found: list[dict[str, Any]]) -> None:
    marks = {"ok": "ok", "disabled": "off", "quarantined": "BROKEN"}
    for info in found:
        origin = f"{info['distribution']} {info['version']}".strip()
        click.echo(f"{marks[info['state']]:7}{info['name']}" + (f"  ({origin})" if origin else ""))
        if info["reason"]:
            click.echo(f"       {info['reason']}")
        if info["fix"]:
            click.echo(f"       -> {info['fix']}")
    if not found:
        click.echo("nothing is installed")


def describe(info: Any) -> dict[str, Any]:
    """What is known of a plugin, adapter or hook package, JSON-ready."""
    manifest = info.manifest
    serves = getattr(manifest, "modality", None) or getattr(manifest, "kind", None) or ""
    return {
        "name": info.name,
        "version": info.version,
        "distribution": info.distribution,
        "serves": serves,
        "models": [card.id for card in getattr(manifest, "models", ())],
        "state": info.state,
        "reason": info.reason,
        "fix": info.fix or (f"aigc plugins enable {info.name}" if info.state == "disabled" else ""),
    }


@plugins.command()
@click.argument("name", shell_complete=complete_plugin)
def disable(name: str) -> None:
    """Switch NAME off for all later commands. AIGC_DISABLE=name,name does it for one."""
    _known(name)
    _switch(name, off=True)
    outputs.say(f"{name} is off; `aigc plugins enable {name}` switches it on again")


@plugins.command()
@click.argument("name", shell_complete=complete_plugin)
def enable(name: str) -> None:
    """Switch NAME on again."""
    from ..registry.disabled import disabled_names

    if name not in disabled_names():
        _known(name)
    _switch(name, off=False)
    if name in disabled_names():
        outputs.say(f"{name} stays off: AIGC_DISABLE names it")
        return
    outputs.say(f"{name} is on")


def _switch(name: str, *, off: bool) -> None:
    from ..registry.disabled import set_disabled

    set_disabled(name, off)


def _known(name: str) -> None:
    from ..registry import load

    names = [info.name for info in load().everything()]
    if name not in names:
        raise UnknownPlugin(f"no plugin, adapter or hook package {name!r} is installed", fix=did_you_mean(name, names))


for command in (new, install, remove, lock, sync):
    plugins.add_command(command)
