"""``aigc plugins new``: the package passes the kit as it is; nothing is overwritten, nothing half-written is left."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import pytest

from aigc_sdk.contract.requests import MODALITIES
from tests.testing.kit import failures

from .conftest import Invoke


@pytest.fixture
def forget() -> None:
    """Undoes the imports of the packages that a test wrote."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("fresh_"):
            del sys.modules[name]


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_new_package_passes_the_kit_as_it_is(
    modality: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: None
) -> None:
    result = invoke("plugins", "new", f"fresh-{modality}", "--modality", modality, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    folder = tmp_path / f"fresh-{modality}"
    monkeypatch.syspath_prepend(folder)
    assert failures(f"fresh_{modality}.manifest:MANIFEST") == {}
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["aigc_sdk.plugins"] == {f"fresh-{modality}": f"fresh_{modality}.manifest:MANIFEST"}
    suite = (folder / "tests" / "test_contract.py").read_text()
    assert f'plugin = "fresh-{modality}"' in suite
    assert not [path for path in folder.rglob("*") if "__package__" in path.name or path.suffix == ".jinja"]


def test_underscores_are_hyphens(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("plugins", "new", "my_own_plugin", "--modality", "text", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "my-own-plugin" / "my_own_plugin" / "manifest.py").is_file()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My Plugin!", "aigc plugins new my-plugin"),
        ("2fast", "aigc plugins new fast"),
        ("-", "is no name for a plugin"),
        ("über", "is no name for a plugin"),
        ("a--b", "is no name for a plugin"),
        ("../escape", "is no name for a plugin"),
        ("json", "is the name of a Python module already"),
        ("class", "is the name of a Python module already"),
        ("aigc-sdk", "is the name of a Python module already"),
        ("echo", "the installed plugin 'echo'"),
        ("echo-slow", "the installed plugin 'echo'"),
    ],
)
def test_names_that_will_not_do(name: str, says: str, invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("plugins", "new", name, "--modality", "text", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert says.lower() in result.output.lower()
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_is_left_alone(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.py").write_text("precious")
    result = invoke("plugins", "new", "mine", "--modality", "text", "--out", tmp_path)
    assert result.exit_code == 2
    assert "is there already" in result.output
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["work.py"]


def test_a_place_that_is_not_there(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("plugins", "new", "mine", "--modality", "text", "--out", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "mkdir -p" in result.output


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_to(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    result = invoke("plugins", "new", "mine", "--modality", "text", "--out", tmp_path / "locked")
    assert result.exit_code == 1
    assert "cannot write" in result.output


def test_a_write_that_fails_leaves_nothing(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    result = invoke("plugins", "new", "mine", "--modality", "text", "--out", tmp_path / ".")
    assert result.exit_code == 1
    assert "No space left" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
