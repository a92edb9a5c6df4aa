"""Full disks and read-only stores: a clear error, and nothing half."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import StoreError
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.store import Store

from .helpers import card, finished, gguf, in_parts, python, source, tiny


@contextmanager
def _mounted(folder: Path, *options: str) -> Iterator[None]:
    """A real mount; skips where that is not allowed (it needs root and CAP_SYS_ADMIN)."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _without_sizes(model: ModelCard) -> ModelCard:
    """Sizes that are not known cannot be checked before the first byte."""
    sources = tuple(
        s.model_copy(update={"files": tuple(f.model_copy(update={"size": None}) for f in s.files)})
        for s in model.sources
    )
    return model.model_copy(update={"sources": sources})


def test_too_little_space_is_refused_before_anything_is_fetched(
    home: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = card(source(index, "big", {"model.gguf": gguf(2_000_000)}))
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("an installer was looked for"))
    with _mounted(home, "-t", "tmpfs", "-o", "size=1m", "tmpfs"), pytest.raises(StoreError) as caught:
        Store(home).pull(model)
    assert "is full: needs 6 MB, 1 MB free" in caught.value.what
    assert "AIGC_HOME" in str(caught.value.fix)


@pytest.mark.parametrize("megabytes", [1, 3, 4], ids=["in the download", "in the copy", "in the file"])
def test_a_disk_that_fills_up_on_the_way(home: Path, index: Path, megabytes: int) -> None:
    model = _without_sizes(card(source(index, "big", {"model.gguf": gguf(2_500_000)})))
    with _mounted(home, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"):
        with pytest.raises(StoreError, match=r"the disk of .* is full"):
            Store(home).pull(model)
        assert not list(home.glob("store/models/*/record.json"))
        subprocess.run(["mount", "-o", "remount,size=20m", str(home)], check=True)
        assert (Store(home).pull(model) / "model.gguf").read_bytes() == gguf(2_500_000)


def test_a_file_that_may_not_grow_reads_as_a_full_disk(home: Path, index: Path) -> None:
    limited = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from aigc_sdk.contract.errors import StoreError
try:
    Store(home).pull(card)
except StoreError as error:
    print(json.dumps({"error": error.what}))
"""
    parts, whole = in_parts(index, 30_000)  # each wheel is under the limit, the whole is not
    assert "is full" in finished(python(home, parts, limited))["error"]
    assert (Store(home).pull(parts) / "whole.gguf").read_bytes() == whole


@pytest.mark.usefixtures("quick")
def test_a_read_only_store_serves_what_it_has(home: Path, index: Path) -> None:
    model = tiny(index)
    folder = Store(home).pull(model)
    with _mounted(home, "--bind", str(home)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(home)], check=True)
        store = Store(home)
        assert store.pull(model) == folder
        assert [stored.complete for stored in store.list()] == [True]
        assert all(finding.passed for finding in store.verify())
        with pytest.raises(StoreError, match="cannot be written") as caught:
            store.pull(card(source(index, "other", {"model.gguf": gguf(seed=1)}), model="other"))
        assert "AIGC_HOME" in str(caught.value.fix)
        for change in (lambda: store.remove("tiny"), lambda: store.accept_licence("tiny")):
            with pytest.raises(StoreError, match="cannot be written"):
                change()
    assert (folder / "model.gguf").read_bytes() == gguf()


@pytest.mark.usefixtures("quick")
def test_a_damaged_file_in_a_read_only_store_is_named(home: Path, index: Path) -> None:
    model = tiny(index)
    path = Store(home).pull(model) / "model.gguf"
    path.chmod(0o644)
    path.write_bytes(gguf()[:10])
    with _mounted(home, "--bind", str(home)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(home)], check=True)
        with pytest.raises(StoreError, match="cannot be written"):
            Store(home).pull(model)
        with pytest.raises(StoreError, match=r"'model.gguf' .* damaged"):
            Store(home, offline=True).pull(model)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_without_permission(home: Path, index: Path) -> None:
    home.mkdir()
    home.chmod(0o555)
    with pytest.raises(StoreError, match="cannot be written"):
        Store(home).pull(tiny(index))


@pytest.mark.usefixtures("quick")
def test_a_home_that_is_a_file(home: Path, index: Path) -> None:
    home.write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(home).pull(tiny(index))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("possible", ["symlink", "copy"])
def test_a_disk_without_hard_links(home: Path, index: Path, monkeypatch: pytest.MonkeyPatch, possible: str) -> None:
    def refused(*arguments: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    if possible == "copy":
        monkeypatch.setattr(Path, "symlink_to", refused)
    store = Store(home)
    path = store.pull(tiny(index)) / "model.gguf"
    assert path.is_symlink() == (possible == "symlink")
    assert store.pull(tiny(index)) == path.parent
    store.pull(card(source(index, "other", {"model.gguf": gguf(seed=1)}), model="other"))
    store.remove("other")
    assert path.read_bytes() == gguf()
    assert all(finding.passed for finding in store.verify())
    store.remove("tiny")
    assert not list(home.glob("store/blobs/*/*"))
