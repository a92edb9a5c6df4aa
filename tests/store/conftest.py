"""An index of the test's own: a folder of wheels, and nothing else can be reached."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from aigc_sdk.store import Store, installers

from .helpers import Sink


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the installers find wheels, and the only place where they look."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def quick(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies wheels instead of starting pip, which takes a second, in tests that are not about fetching."""

    def fetch(self: installers.Installer, requirement: str, work: Path) -> Path:
        name = requirement.removesuffix("==1.0").replace("-", "_")
        return Path(shutil.copy(index / f"{name}-1.0-py3-none-any.whl", work))

    monkeypatch.setattr(installers.Installer, "fetch", fetch)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def store(home: Path, sink: Sink) -> Store:
    return Store(home, progress=sink)
