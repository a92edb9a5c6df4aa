"""The tutorial's adapter has thirty lines, and keeps the contract."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import DOCS, blocks
from tests.support.builds import PYTEST

FILES = {block.title: block.code for block in blocks(DOCS / "tutorial-adapter.md") if block.title.endswith(".py")}


def test_it_has_thirty_lines() -> None:
    lines = [line for line in FILES["aigc_board.py"].splitlines() if line.strip()]
    assert len(lines) == 30
    assert max(map(len, lines)) <= 125


def test_it_passes_the_suite(tmp_path: Path) -> None:
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    done = subprocess.run([sys.executable, *PYTEST, "-rs"], cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^30 passed, 1 skipped in", done.stdout, re.M), done.stdout
    assert "says no way to edit" in done.stdout
