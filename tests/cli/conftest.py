"""The command line with the echo plugin installed beside the text plugin: in process, as a program, on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from .programs import Program, Terminal

Invoke = Callable[..., Result]


def installed(folder: Path, name: str, group: str, value: str, files: dict[str, str] | None = None) -> None:
    """Puts a distribution into a folder of the import path: its metadata with one entry point, and its modules."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name.removeprefix('aigc-')} = {value}\n")
    for path, text in (files or {}).items():
        (folder / path).write_text(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path that holds the echo plugin; tests install more into it."""
    folder = tmp_path / "site"
    installed(folder, "aigc-echo", "aigc_sdk.plugins", "aigc_sdk.testing.echo:ECHO")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.fixture
def invoke(site: Path) -> Invoke:
    """Runs a command in this process: ``invoke("text", "hi", input="...")``."""
    from aigc_sdk.cli.main import cli

    def run(*arguments: str, **options: object) -> Result:
        return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="aigc", **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def aigc(site: Path, tmp_path: Path) -> Program:
    """Runs ``aigc`` as a program of its own."""
    return Program(tmp_path)


@pytest.fixture
def terminal(site: Path, tmp_path: Path) -> type[Terminal]:
    """Starts ``aigc`` on a terminal of its own."""
    return Terminal
