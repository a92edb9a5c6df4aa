"""Plugins of strangers: built as wheels, installed beside the aigc-sdk wheel, used by command, and held to the kit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.builds import PYTEST, build
from tests.support.venvs import Venv

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "aigc-plugin-markov"

pytestmark = pytest.mark.install


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package just made by ``aigc plugins new``."""
    folder = tmp_path_factory.mktemp("fresh")
    command = [sys.executable, "-c", "from aigc_sdk.cli.main import main; main()"]
    arguments = ["plugins", "new", "fresh-words", "--modality", "text", "--out", str(folder)]
    subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=60)
    return folder / "fresh-words"


@pytest.fixture(scope="module")
def strangers(our_wheel: Path, fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """An environment with three wheels in it; aigc-sdk's dependencies are those of the running one."""
    folder = tmp_path_factory.mktemp("strangers")
    environment = Venv(folder / "venv")
    environment.install(our_wheel, *(build(project, folder) for project in (EXAMPLE, fresh)))
    return environment


def aigc(environment: Venv, home: Path, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [str(environment.folder / "bin" / "aigc"), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "AIGC_HOME": str(home)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("model", ["markov", "fresh-words"])
def test_it_serves_requests(model: str, strangers: Venv, tmp_path: Path) -> None:
    said = aigc(strangers, tmp_path, "text", "--model", model, "--seed", "7", "A red mug")
    assert len(said.split()) > 3


def test_both_are_installed_and_whole(strangers: Venv, tmp_path: Path) -> None:
    where = strangers.run_python("-P", "-c", "import aigc_sdk; print(aigc_sdk.__file__)")
    assert Path(where).is_relative_to(strangers.folder)
    listed = aigc(strangers, tmp_path, "plugins", "list")
    states = {line.split("\t")[0]: line.split("\t")[2:5] for line in listed.splitlines()}
    assert states["markov"] == ["aigc-plugin-markov", "text", "ok"]
    assert states["fresh-words"] == ["fresh-words", "text", "ok"]


def test_the_kit_finds_nothing_and_needs_no_test_file(strangers: Venv, tmp_path: Path) -> None:
    """A few of its checks: the whole kit is in their own tests."""
    for name in ("markov", "fresh_words"):
        done = in_folder(strangers, tmp_path, "--aigc-plugin", name, "-k", "manifest_is_accepted or plain or seed")
        assert done.returncode == 0, done.stdout
        assert "4 passed" in done.stdout


def test_their_own_tests_pass(fresh: Path, strangers: Venv, tmp_path: Path) -> None:
    for project in (EXAMPLE, fresh):
        done = in_folder(strangers, tmp_path, "-c", str(project / "pyproject.toml"), str(project / "tests"))
        assert done.returncode == 0, done.stdout


def in_folder(environment: Venv, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest in an empty folder, where no project's configuration applies."""
    return subprocess.run(
        [str(environment.python), *PYTEST, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "AIGC_HOME": str(folder / "home")},
        timeout=280,
    )
