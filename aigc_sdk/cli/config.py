"""``aigc config``."""

from __future__ import annotations

import click

from . import outputs
from .options import json_option


@click.command()
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--path", "show_path", is_flag=True, help="Print the place of your own settings file, and nothing else.")
@json_option
def config(overrides: tuple[str, ...], show_path: bool, as_json: bool) -> None:
    """Show the settings as they are in force: the defaults, your own file over them, then KEY=VALUE over both.

    \b
    Examples:
      aigc config
      aigc config engine.device=cpu ledger.store_prompts=true
      $EDITOR "$(aigc config --path)"
    """
    from ..settings import home, load

    file = home() / "conf" / "user" / "settings.yaml"
    if show_path:
        click.echo(file)
        return
    values = load(overrides).model_dump(mode="json")
    if as_json:
        outputs.print_json(values)
        return
    import yaml

    click.echo(f"# AIGC_HOME: {home()}")
    click.echo(f"# your settings: {file}" + ("" if file.exists() else " (not there; the defaults are in force)"))
    click.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), nl=False)
