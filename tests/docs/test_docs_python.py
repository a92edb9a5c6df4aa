"""Every Python block in README and docs runs as it is printed, and prints what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, Block, blocks
from tests.support.forks import Forks

FILES = {"python", "toml", "yaml", "json", "text"}


def programs() -> Iterator[Any]:
    for page in PAGES:
        found = blocks(page)
        for index, block in enumerate(found):
            if block.language != "python" or block.title == "signature" or block.comment.startswith("not run:"):
                continue
            marks = [pytest.mark.model] if block.comment == "model" else []
            yield pytest.param(block, found[:index], _printed(found, index), id=block.name, marks=marks)


def _printed(found: list[Block], index: int) -> str | None:
    after = found[index + 1] if index + 1 < len(found) else None
    return after.code if after and after.title == "output" else None


def _write(block: Block, folder: Path) -> Path:
    path = folder / (block.title or "example.py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.code, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("-W", "error::DeprecationWarning:aigc_sdk") as forks:
        yield forks


@pytest.mark.parametrize(("block", "before", "printed"), list(programs()))
def test_python_blocks_run(
    block: Block, before: list[Block], printed: str | None, tmp_path: Path, forks: Forks
) -> None:
    for earlier in before:
        if earlier.title not in ("", "output", "signature") and earlier.language in FILES:
            _write(earlier, tmp_path)
    done = forks.run(_write(block, tmp_path), PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if printed is not None:
        assert done.stdout == printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_not_run_says_why(page: Path) -> None:
    for block in blocks(page):
        if block.comment.startswith("not run"):
            reason = block.comment.removeprefix("not run:").strip()
            assert len(reason) > 10, f"{block.name}: no reason given"
        elif block.language == "python" and block.comment:
            assert block.comment == "model", f"{block.name}: unknown comment {block.comment!r}"
