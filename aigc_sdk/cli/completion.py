"""``aigc completion``: the shell's completion script, and what completes names of models and plugins."""

from __future__ import annotations

from typing import Any

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      echo 'eval "$(aigc completion bash)"' >> ~/.bashrc
      echo 'eval "$(aigc completion zsh)"'  >> ~/.zshrc
      aigc completion fish > ~/.config/fish/completions/aigc.fish
    """
    from click.shell_completion import get_completion_class

    from .main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"this version of click has no completion for {shell}")
    click.echo(kind(cli, {}, "aigc", "_AIGC_COMPLETE").source())


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Ids and aliases of the listed models. Completion never fails: with a broken installation it offers nothing."""
    return _names(lambda registry: [n for e in registry.entries() for n in (e.card.id, *e.card.aliases)], incomplete)


def complete_plugin(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of everything installed."""
    return _names(lambda registry: [info.name for info in registry.everything()], incomplete)


def complete_target(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of adapters, and of the targets in the user's settings."""

    def targets(registry: Any) -> list[str]:
        from ..publishing.adapters import targets
        from ..settings import load

        return list(targets(load(), registry))

    return _names(targets, incomplete)


def complete_runner(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of all runners."""
    return _names(
        lambda registry: [s.name for p in registry.plugins() if p.manifest for s in p.manifest.runners], incomplete
    )


def _names(pick: Any, incomplete: str) -> list[str]:
    from ..registry import load

    try:
        names = pick(load())
    except Exception:  # noqa: BLE001 - a completion that prints an error ruins the command line being typed
        return []
    return sorted({name for name in names if name.startswith(incomplete)})
