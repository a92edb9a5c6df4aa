"""The kit as an author meets it: from the command line, and as a suite of five lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import installed
from tests.support.builds import PYTEST

FIVE_LINES = """
from aigc_sdk.testing import PluginSuite

class TestMine(PluginSuite):
    plugin = "{plugin}"
    test_works_offline = None  # left out, as an author may
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to work in, beside one in which the echo plugin is installed."""
    installed(tmp_path / "site", "aigc-echo", "aigc_sdk.plugins", "aigc_sdk.testing.echo:ECHO")
    work = tmp_path / "work"
    work.mkdir()
    return work


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    site = folder.parent / "site"
    path = os.pathsep.join(map(str, (site, Path(__file__).parents[2])))
    return subprocess.run(
        [sys.executable, *PYTEST, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "AIGC_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_an_installed_plugin_needs_no_test_file(folder: Path) -> None:
    done = run(folder, "--aigc-plugin", "echo", "--aigc-model", "echo-slow", "-k", "plain or share or pickled", "-rs")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert "takes one item at a time" in done.stdout  # which is so for that model only


def test_an_unknown_plugin_is_one_clear_error(folder: Path) -> None:
    done = run(folder, "--aigc-plugin", "ecko", "-k", "plain")
    assert done.returncode == 1
    assert "no plugin 'ecko' is installed" in done.stdout
    assert "did you mean 'echo'?" in done.stdout


def test_a_failure_is_three_lines_without_a_traceback(folder: Path) -> None:
    (folder / "test_mine.py").write_text(FIVE_LINES.format(plugin="tests.testing.broken:Deaf"))
    done = run(folder, "-k", "cancel or works_offline", "-rN")
    assert done.returncode == 1
    assert "test_works_offline" not in done.stdout
    lines = done.stdout.split("test_cancel_takes_effect_within_a_step", 1)[1].splitlines()
    assert lines[1].startswith("when the item was cancelled at its first step, ")
    assert lines[2].strip().startswith("contract: run() looks at context.cancelled(index)")
    assert lines[3].strip().startswith("change:")
    assert "Traceback" not in done.stdout


def test_files_named_on_the_command_line_are_what_runs(folder: Path) -> None:
    (folder / "test_own.py").write_text("def test_own(): pass\n")
    done = run(folder, "--aigc-plugin", "echo", "test_own.py")
    assert "1 passed" in done.stdout


def test_pytest_starts_without_loading_the_kit(folder: Path) -> None:
    (folder / "test_own.py").write_text(
        "import sys\n"
        "def test_own():\n"
        "    assert 'aigc_sdk.testing.pytest_plugin' in sys.modules\n"
        "    assert not {'pydantic', 'aigc_sdk.contract', 'aigc_sdk.testing.suite'} & set(sys.modules)\n"
    )
    done = run(folder)
    assert done.returncode == 0, done.stdout
