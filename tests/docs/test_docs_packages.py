"""Packages that a page shows whole are built, installed and used as its console blocks say."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, Block, blocks
from tests.support.builds import build
from tests.support.venvs import Venv

WHOLE = [page for page in PAGES if any(block.title == "pyproject.toml" for block in blocks(page))]
CLI = "import sys; from aigc_sdk.cli.main import main; main()"


def steps(console: Block) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints."""
    parts = ("\n" + console.code).split("\n$ ")[1:]
    return [(command, said) for command, _, said in (part.partition("\n") for part in parts)]


def package(page: Path, folder: Path) -> Path:
    """The wheel of what the page shows."""
    source = folder / "source"
    for block in blocks(page):
        if block.title and block.title not in ("output", "signature"):
            path = source / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code)
    return build(source, folder / "wheels")


@pytest.mark.install
@pytest.mark.parametrize("page", WHOLE, ids=lambda page: page.stem)
def test_the_package_works_as_shown(page: Path, tmp_path: Path) -> None:
    venv = Venv(tmp_path / "venv")
    venv.install(package(page, tmp_path))
    used = 0
    for console in (block for block in blocks(page) if block.language == "console"):
        for command, said in steps(console):
            program, *arguments = shlex.split(command)
            if program != "aigc":
                continue
            done = venv.try_python("-c", CLI, *arguments, AIGC_HOME=os.environ["AIGC_HOME"])
            assert said.strip() in (done.stdout + done.stderr), command
            used += 1
    assert used
