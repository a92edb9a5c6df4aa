"""A command group that knows its commands by name and imports each only when it is used."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ..contract.errors import BrokenPlugin, did_you_mean
from .failures import PipeClosed, exit_code_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its name, ``module:attribute`` (relative to the group's package, or absolute), help, section."""

    name: str
    target: str
    help: str
    section: str
    plugin: str = ""


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Keeps click from ending the program by itself, with an exit code of its own, where a pipe is closed."""
    try:
        yield
    except BrokenPipeError as error:
        raise PipeClosed from error


class LazyGroup(click.Group):
    """Lists commands from a table of strings; ``--help`` imports none of them.

    Errors of every command come out here: one handler, one meaning for each exit code.
    """

    def __init__(self, *args: Any, commands_table: Sequence[Entry] = (), package: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self._own = {entry.name: entry for entry in commands_table}
        self._package = package
        self._from_plugins: dict[str, Entry] | None = None

    def table(self) -> dict[str, Entry]:
        """All commands by name, those that hook packages add included."""
        if self._from_plugins is None:
            from .plugin_commands import find

            self._from_plugins = {e.name: e for e in find() if e.name not in self._own}
        return self._own | self._from_plugins

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # The own table first: a command of ours never waits for, or fails because of, a package that adds one.
        entry = self._own.get(cmd_name) or self.table().get(cmd_name)
        return self._import(entry) if entry else None

    def _import(self, entry: Entry) -> click.Command:
        module, _, attribute = entry.target.partition(":")
        try:
            found = getattr(importlib.import_module(module if entry.plugin else f"{self._package}.{module}"), attribute)
        except Exception as error:
            if not entry.plugin:
                raise
            what = f"command {entry.name!r} cannot be imported: {type(error).__name__}: {error}"
            raise BrokenPlugin(what, plugin=entry.plugin, fix=f"aigc plugins disable {entry.plugin}") from error
        if not isinstance(found, click.Command):
            raise BrokenPlugin(f"command {entry.name!r} is no click command", plugin=entry.plugin)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            advice = did_you_mean(name, self.table())
            raise click.UsageError(f"no command {name!r}" + (f"; {advice}" if advice else ""), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for entry in self.table().values():
            sections.setdefault(entry.section, []).append((entry.name, entry.help))
        width = max(len(name) for rows in sections.values() for name, _ in rows)
        for section, rows in sections.items():
            with formatter.section(section):
                # Names are padded to one width so that the sections line up.
                formatter.write_dl([(name.ljust(width), text) for name, text in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        own = [CompletionItem(e.name, help=e.help) for e in self.table().values() if e.name.startswith(incomplete)]
        return own + click.Command.shell_complete(self, ctx, incomplete)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with _told_apart():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _told_apart():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's, with our errors and exit codes."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it gets its message and its exit code
            sys.exit(exit_code_of(error))
        sys.exit(code if isinstance(code, int) else 0)
