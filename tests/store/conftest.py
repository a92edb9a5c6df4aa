"""An index of the test's own: a folder of wheels, and nothing else can be reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aigc_sdk.store import Store

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
def sink() -> Sink:
    return Sink()


@pytest.fixture
def store(home: Path, sink: Sink) -> Store:
    return Store(home, progress=sink)
