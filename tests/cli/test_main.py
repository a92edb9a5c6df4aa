"""The program as a whole: help, start-up, and what becomes of every kind of failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from aigc_sdk import __version__
from aigc_sdk.cli.main import COMMANDS, cli

from .conftest import Invoke, installed
from .programs import COMMAND, Program

HEAVY = {"torch", "ray", "transformers", "numpy", "fastapi", "sqlalchemy", "pydantic", "rich", "yaml", "httpx", "hydra"}


def paths(command: click.Command = cli, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [prefix] if prefix else []
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += paths(child, (*prefix, name))
    return found


@pytest.mark.parametrize("path", paths(), ids=" ".join)
def test_every_command_explains_itself(invoke: Invoke, path: tuple[str, ...]) -> None:
    result = invoke(*path, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: aigc {' '.join(path)}")
    if len(path) == 1:
        assert "Examples:" in result.stdout


def test_help_lists_every_command(invoke: Invoke) -> None:
    shown = invoke("--help").stdout
    assert all(f"  {entry.name} " in shown and entry.help in shown for entry in COMMANDS)


@pytest.mark.parametrize("arguments", ["['--help']", "['--version']", "['text', '--help']", "['nothing']"])
def test_light_start(site: Path, arguments: str) -> None:
    script = f"""
import sys, json
from aigc_sdk.cli.main import cli
try:
    cli({arguments}, prog_name="aigc")
except SystemExit:
    print("\\n" + json.dumps(sorted(m for m in sys.modules if "." not in m)))
"""
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(json.loads(output.splitlines()[-1]))


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"aigc-sdk {__version__}\n"


def test_unknown_command(invoke: Invoke) -> None:
    result = invoke("txt")
    assert result.exit_code == 2
    assert "did you mean 'text'" in result.stderr


def test_a_reader_that_leaves_is_no_error(aigc: Program) -> None:
    process = subprocess.Popen([*COMMAND, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (141, b"")


def test_unexpected_failures_are_one_line_unless_asked(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> None:
        raise LookupError("unforeseen\nsecond line")

    monkeypatch.setattr("aigc_sdk.registry.load", explode)
    result = invoke("models")
    assert result.exit_code == 1
    assert "LookupError: unforeseen" in result.stderr
    assert "AIGC_DEBUG=1" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("AIGC_DEBUG", "1")
    assert "Traceback" in invoke("models").stderr


def test_a_terminal_that_cannot_show_a_character(aigc: Program) -> None:
    result = aigc("text", "-m", "echo", "星 x", PYTHONIOENCODING="latin-1")
    assert (result.returncode, result.stdout) == (0, b"? x\n")


# --- commands that packages add ---------------------------------------------------------------------------------------

GREET = """
import click
from aigc_sdk import hookimpl

@click.command()
def greet():
    click.echo("hello")

@hookimpl
def register_commands(register):
    register("greet", "aigc_greet:greet", "Say hello")
    register("gone", "aigc_greet:absent", "Is not there")
    register("text", "aigc_greet:greet", "Takes a name that is taken")
"""


def test_a_package_adds_commands(aigc: Program, site: Path) -> None:
    installed(site, "aigc-greet", "aigc_sdk.hooks", "aigc_greet", {"aigc_greet.py": GREET})
    shown = aigc("--help").stdout.decode()
    assert "Say hello" in shown
    assert "Takes a name" not in shown
    assert aigc("greet").stdout == b"hello\n"
    assert aigc("text", "-m", "echo", "hi").stdout == b"hi\n"
    gone = aigc("gone")
    assert gone.returncode == 5
    assert b"aigc plugins disable greet" in gone.stderr


@pytest.mark.parametrize(
    "source", ["raise SystemExit(9)", GREET.replace("    register", "    raise OSError('no')\n    register", 1)]
)
def test_a_broken_package_takes_no_command_along(aigc: Program, site: Path, source: str) -> None:
    installed(site, "aigc-greet", "aigc_sdk.hooks", "aigc_greet", {"aigc_greet.py": source})
    shown = aigc("--help")
    assert shown.returncode == 0
    assert b"Write text" in shown.stdout
    assert aigc("config").returncode == 0
    assert aigc("greet").returncode == 2


# --- completion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(invoke: Invoke, shell: str) -> None:
    result = invoke("completion", shell)
    assert result.exit_code == 0
    assert "_AIGC_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("aigc pl", {"plan", "plugins"}),
        ("aigc text --model ech", {"echo", "echo-slow"}),
        ("aigc text --runner one", {"one-by-one"}),
        ("aigc plugins disable ec", {"echo"}),
        ("aigc store pull echo-", {"echo-slow"}),
    ],
)
def test_completion(site: Path, typed: str, offered: set[str]) -> None:
    words = typed.split()
    environment = {"_AIGC_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(COMMAND, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == offered


def test_completion_is_silent_where_something_is_broken(site: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "disabled.json").write_text("{")
    environment = {"_AIGC_COMPLETE": "bash_complete", "COMP_WORDS": "aigc text --model e", "COMP_CWORD": "3"}
    done = subprocess.run(COMMAND, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")
