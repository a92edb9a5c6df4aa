"""Writes docs/cli.md from the commands' own help (`make docs`). A test checks that the page is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from aigc_sdk.cli.main import cli

PAGE = Path(__file__).with_name("cli.md")
HEAD = """\
# The command line

Written by `make docs` from the commands' own help; change that, not this page.

Errors go to stderr with what to do about them; exit codes are listed in [errors.md](errors.md). What a script would
read goes to stdout, alone: in a pipe, text is plain, tables are tab-separated without headings; `--json` prints JSON.
`eval "$(aigc completion bash)"` (or zsh, fish) completes commands, options and names of models.

"""
WIDTH = 100


def page() -> str:
    """The page's text."""
    return HEAD + "\n".join(_sections(cli, "aigc", None)).rstrip() + "\n"


def _sections(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    settings = {**command.context_settings, "max_content_width": WIDTH, "terminal_width": WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    path = context.command_path
    yield f"{'##' if parent is None or parent.parent is None else '###'} {path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from _sections(found, child, context)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
