"""Conversions: built once, published whole, built again when damaged."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import CorruptModel, StoreError
from aigc_sdk.store import Store
from aigc_sdk.store.files import StoredFiles

from .helpers import Sink, finished, leftovers, python, tiny

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def files(store: Store, index: Path) -> StoredFiles:
    return store.files(tiny(index))


class Builder:
    """Counts how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, source: Path, target: Path) -> None:
        self.calls += 1
        (target / "half").write_bytes((source / "model.gguf").read_bytes()[:500])


def test_built_once_from_the_models_files(files: StoredFiles, home: Path, sink: Sink) -> None:
    build = Builder()
    first, second = files.converted("half-v1", build), files.converted("half-v1", build)
    assert first == second
    assert build.calls == 1
    assert (first / "half").stat().st_size == 500
    assert [note for note in sink.notes if "converting" in note] == [f"converting {files.key} (half-v1), once"]
    assert leftovers(home) == []


def test_another_name_is_another_conversion(files: StoredFiles) -> None:
    assert files.converted("half-v1", Builder()) != files.converted("half-v2", Builder())


def test_a_build_that_fails_leaves_nothing(files: StoredFiles, home: Path) -> None:
    def fails(source: Path, target: Path) -> None:
        (target / "half").write_bytes(b"x")
        raise CorruptModel("cannot be read")

    with pytest.raises(CorruptModel):
        files.converted("half-v1", fails)
    assert not [path for path in home.rglob("*half*") if path.suffix != ".lock"]
    assert files.converted("half-v1", Builder()).is_dir()


def test_a_full_disk_while_building(files: StoredFiles) -> None:
    def fails(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="is full"):
        files.converted("half-v1", fails)


def test_a_builders_own_error_stays_what_it_is(files: StoredFiles) -> None:
    with pytest.raises(FileNotFoundError):
        files.converted("half-v1", lambda source, target: open(source / "absent").close())


@pytest.mark.parametrize("harm", ["truncated", "missing", "no marker"])
def test_a_damaged_conversion_is_built_again(files: StoredFiles, harm: str) -> None:
    build = Builder()
    folder = files.converted("half-v1", build)
    if harm == "truncated":
        (folder / "half").write_bytes(b"x")
    elif harm == "missing":
        (folder / "half").unlink()
    else:
        folder.with_name("half-v1.json").unlink()
    assert (files.converted("half-v1", build) / "half").stat().st_size == 500
    assert build.calls == 2


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a b", "a\0"])
def test_names_that_lead_elsewhere_are_refused(files: StoredFiles, name: str) -> None:
    with pytest.raises(StoreError, match="no name for a conversion"):
        files.converted(name, Builder())


def test_threads_that_want_the_same_conversion_build_it_once(files: StoredFiles) -> None:
    build = Builder()
    files.folder()
    threads = [threading.Thread(target=files.converted, args=("half-v1", build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build.calls == 1


def test_processes_that_want_the_same_conversion_build_it_once(files: StoredFiles, home: Path, tmp_path: Path) -> None:
    files.folder()
    code = f"""
import time

def build(source, target):
    with open({str(tmp_path / "log")!r}, "a") as log:
        log.write("built\\n")
    time.sleep(0.5)
    (target / "x").write_text("x")
print(json.dumps({{"folder": str(Store(home).files(card).converted("slow-v1", build))}}))
"""
    results = [finished(process) for process in [python(home, files.card, code) for _ in range(2)]]
    assert results[0] == results[1]
    assert (tmp_path / "log").read_text() == "built\n"


def test_the_list_names_conversions_and_removing_takes_them(store: Store, files: StoredFiles, home: Path) -> None:
    files.converted("half-v1", Builder())
    [stored] = store.list()
    assert stored.conversions == ("half-v1",)
    assert stored.bytes > 1500
    store.remove("tiny")
    assert not list((home / "store" / "conversions").rglob("half*"))


def test_verify_names_a_damaged_conversion(store: Store, files: StoredFiles) -> None:
    folder = files.converted("half-v1", Builder())
    (folder / "half").write_bytes(b"y" * 500)
    wrong = [finding for finding in store.verify("tiny") if not finding.passed]
    assert ["half of the conversion half-v1 is damaged" in finding.what for finding in wrong] == [True]
