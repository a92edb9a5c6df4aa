"""Commands that installed hook packages add (hook ``register_commands``)."""

from __future__ import annotations

from importlib.metadata import entry_points

import click

from .lazy import Entry

SECTION = "From plugins"


def find() -> list[Entry]:
    """The commands, in the order their packages register them. A package that fails is named on stderr and left out."""
    if not entry_points(group="aigc_sdk.hooks"):
        return []  # the ordinary case, and a cheap one: nothing of the registry is imported
    from ..registry.disabled import disabled_names
    from ..registry.hooks import Hooks

    found: list[Entry] = []
    for package, function in Hooks.discover(disabled_names()).implementations("register_commands"):
        try:
            function(
                register=lambda name, target, help, package=package: found.append(_entry(name, target, help, package))
            )
        except Exception as error:  # noqa: BLE001 - a stranger's code must not take `aigc --help` along
            click.echo(f"[{package}] register_commands failed: {type(error).__name__}: {error}", err=True)
    return found


def _entry(name: str, target: str, help: str, package: str) -> Entry:
    return Entry(name, target, help, SECTION, package)
