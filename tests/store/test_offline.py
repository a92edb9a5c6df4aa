"""Offline means that no socket is opened, not even looked up; what is there works, what is not says how to get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import pytest_socket

from aigc_sdk.contract.errors import OfflineRefused
from aigc_sdk.contract.manifest import Source
from aigc_sdk.store import Store

from .helpers import card, finished, gguf, python, tiny

pytestmark = pytest.mark.usefixtures("quick")

NO_SOCKETS = """
import socket
attempts = []
def refuse(*arguments, **options):
    attempts.append(repr(arguments))
    raise AssertionError("a socket was opened")
class NoSocket(socket.socket):
    __init__ = refuse
class NoProcess:
    __init__ = refuse
socket.socket = NoSocket  # a class still: the standard library derives its own sockets from it
socket.create_connection = socket.getaddrinfo = refuse
import subprocess
subprocess.Popen = NoProcess
"""

OFFLINE_NAMES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An offline store sets these for libraries; monkeypatch takes them back."""
    for name in OFFLINE_NAMES:
        monkeypatch.setenv(name, "")


@pytest.fixture
def offline(home: Path) -> Store:
    return Store(home, offline=True)


def test_a_stored_model_works_with_sockets_blocked(store: Store, home: Path, index: Path) -> None:
    model = tiny(index)
    store.pull(model)
    pytest_socket.disable_socket()
    try:
        files = Store(home, offline=True).files(model)
        assert (files.folder() / "model.gguf").read_bytes() == gguf()
        assert files.converted("copy", lambda source, target: (target / "x").touch()).is_dir()
    finally:
        pytest_socket.enable_socket()


def test_a_process_without_sockets_loads_and_is_refused(store: Store, home: Path, index: Path) -> None:
    model = tiny(index)
    store.pull(model)
    code = """
from aigc_sdk.contract.errors import OfflineRefused

store = Store(home, offline=True)
folder = store.pull(card)
refused = []
for action in (lambda: store.pull(card.model_copy(update={"id": "absent"})), lambda: store.describe("some/model")):
    try:
        action()
    except OfflineRefused as error:
        refused.append(str(error))
opened = list(attempts)
for action in (socket.socket, lambda: socket.create_connection(("127.0.0.1", 9))):
    try:
        action()
    except AssertionError:
        pass
found = {"opened": opened, "seen": len(attempts), "hub": os.environ["HF_HUB_OFFLINE"]}
print(json.dumps({"folder": str(folder), "refused": refused, **found}))
"""
    result = finished(python(home, model, code, start=NO_SOCKETS))
    assert result["opened"] == []
    assert result["seen"] == 2, "the block itself must work"
    assert Path(result["folder"]).is_dir()
    assert result["hub"] == "1"
    assert "aigc store pull some/model" in result["refused"][1]


def test_an_absent_model_says_what_to_type_elsewhere(offline: Store, index: Path) -> None:
    with pytest.raises(OfflineRefused, match="tiny is not in the store") as caught:
        offline.pull(tiny(index))
    assert "aigc store pull tiny" in str(caught.value.fix)


@pytest.mark.parametrize("licence", ["MIT", "Gemma"])
def test_offline_comes_before_the_licence(offline: Store, index: Path, licence: str) -> None:
    with pytest.raises(OfflineRefused):
        offline.pull(tiny(index, licence=licence))


def test_an_absent_hub_model_is_refused(offline: Store) -> None:
    with pytest.raises(OfflineRefused):
        offline.pull(card(Source(uri="hf:some/model"), format="safetensors"))


def test_libraries_are_told(offline: Store) -> None:
    assert {os.environ[name] for name in OFFLINE_NAMES} == {"1"}


def test_the_folder_can_be_copied_to_a_machine_without_network(store: Store, index: Path, tmp_path: Path) -> None:
    import shutil

    model = tiny(index)
    store.pull(model)
    shutil.copytree(store.root, tmp_path / "elsewhere" / "store", symlinks=True)
    elsewhere = Store(tmp_path / "elsewhere", offline=True)
    assert (elsewhere.pull(model) / "model.gguf").read_bytes() == gguf()
