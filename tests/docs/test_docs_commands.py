"""Every command that README and docs show exists, with the options shown. Nothing is run."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from aigc_sdk.cli.main import cli
from tests.docs.pages import PAGES, ROOT, blocks, prose

SHELL = {"", "console", "sh", "shell", "bash"}
SEPARATORS = {"|", "||", "&&", ";", "&"}


def lines(page: Path) -> Iterator[str]:
    """The command lines of a page: those of shell blocks, and inline code that begins like one."""
    for block in blocks(page):
        if block.language in SHELL and not block.title:
            text = re.sub(r"\\\n\s*", " ", block.code)
            wanted = [line for line in text.splitlines() if block.language != "console" or line.startswith("$ ")]
            yield from (line.removeprefix("$ ") for line in wanted)
        elif block.language == "text":  # the examples in a command's own help
            yield from re.findall(r"^ {4}(aigc .*)$", block.code, re.M)
    for code in re.findall(r"`((?:aigc|make|pip install|python) [^`\n]+)`", prose(page)):
        yield code.replace("\\|", "|")


def commands(line: str) -> Iterator[list[str]]:
    """The simple commands of a line, without variables set in front and redirections behind."""
    line = re.sub(r'"\$\(([^()]*)\)"', r"; \1", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in SEPARATORS:
            words.append(word)
            continue
        while words and re.match(r"^[A-Z_]+=", words[0]):
            words.pop(0)
        redirected = next((i for i, w in enumerate(words) if set(w) <= set("<>") and w), len(words))
        if words[:redirected]:
            yield words[:redirected]
        words = []


def of_the_page(page: Path) -> set[str]:
    """Commands that a hook shown on the page adds to ``aigc``."""
    return set(re.findall(r'register\("([\w-]+)", "[\w.]+:\w+"', page.read_text()))


def check(line: str, added: Collection[str] = ()) -> None:
    for program, *arguments in commands(line):
        if program in CHECKS and not set(arguments[:1]) & set(added):
            CHECKS[program](arguments)


def check_aigc(arguments: list[str]) -> None:
    command: click.Command = cli
    # With the command's own settings, as click does: it remembers its help option from the first context.
    context = click.Context(cli, info_name="aigc", **cli.context_settings)
    while isinstance(command, click.Group):
        names = [a for a in arguments if not a.startswith("-")]
        if not names:
            break
        found = command.get_command(context, names[0])
        assert found is not None, f"no command {names[0]!r}"
        arguments = arguments[arguments.index(names[0]) + 1 :]
        context = click.Context(found, info_name=names[0], parent=context, **found.context_settings)
        command = found
    given, _, _ = command.make_parser(context).parse_args(list(arguments))
    for parameter in command.params:
        if isinstance(parameter.type, (click.Choice, click.types.IntParamType, click.types.FloatParamType)):
            _check_value(parameter, given.get(parameter.name or ""), context)


def _check_value(parameter: click.Parameter, value: Any, context: click.Context) -> None:
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(one, str) and not one.isupper():  # FILE, NAME and the like stand for something
            parameter.type.convert(one, parameter, context)


def check_make(arguments: list[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {a for a in arguments if "=" not in a} <= targets


def check_pip(arguments: list[str]) -> None:
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    for name in arguments:
        if match := re.match(r"^(?:\.|aigc.sdk[^\[]*)\[([\w,-]+)\]$", name):
            # `.[test]` is that of the package that `aigc plugins new` writes.
            assert set(match[1].split(",")) <= extras | {"test"}, name


def check_python(arguments: list[str]) -> None:
    if arguments and arguments[0].endswith(".py") and "/" in arguments[0]:
        assert (ROOT / arguments[0]).is_file(), arguments[0]


CHECKS = {"aigc": check_aigc, "make": check_make, "pip": check_pip, "python": check_python}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_shown_exist(page: Path) -> None:
    wrong = []
    for line in lines(page):
        try:
            check(line, of_the_page(page))
        except (AssertionError, click.ClickException, ValueError) as error:
            wrong.append(f"{line}: {getattr(error, 'message', error)}")
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    ["aigc txt hello", "aigc text --temprature 1 hello", "aigc plugins instal x", "aigc models --modality smell"],
)
def test_a_wrong_command_would_be_found(line: str) -> None:
    with pytest.raises((AssertionError, click.ClickException)):
        check(line)
