"""Files that went bad in the store: noticed at load, named, fetched again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import HashMismatch
from aigc_sdk.store import Store, layout

from .helpers import Sink, gguf, in_parts, tiny

pytestmark = pytest.mark.usefixtures("quick")


def _spoil(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("data", [gguf()[:500], b"", gguf(seed=1)], ids=["truncated", "empty", "altered"])
def test_a_damaged_file_is_set_aside_and_fetched_again(store: Store, index: Path, sink: Sink, data: bytes) -> None:
    folder = store.pull(tiny(index))
    _spoil(folder / "model.gguf", data)

    assert (store.files(tiny(index)).folder() / "model.gguf").read_bytes() == gguf()

    assert [note for note in sink.notes if "damaged" in note] == [
        "tiny: 'model.gguf' in the store was damaged or missing; fetching it again"
    ]
    assert all(finding.passed for finding in store.verify())
    assert not list((store.root / "damaged").iterdir())


def test_a_missing_file_is_fetched_again(store: Store, index: Path) -> None:
    folder = store.pull(tiny(index))
    (folder / "LICENSE").unlink()
    assert (store.files(tiny(index)).folder() / "LICENSE").read_bytes() == b"do as you like"


def test_a_damaged_joined_file_is_made_again(store: Store, index: Path) -> None:
    model, whole = in_parts(index)
    _spoil(store.pull(model) / "whole.gguf", whole[:-1])
    assert (store.pull(model) / "whole.gguf").read_bytes() == whole


def test_offline_a_damaged_file_is_an_error_that_says_what_to_do(store: Store, index: Path, home: Path) -> None:
    folder = store.pull(tiny(index))
    _spoil(folder / "model.gguf", gguf()[:500])
    with pytest.raises(HashMismatch, match=r"tiny: 'model\.gguf' .* damaged .*moved to") as caught:
        Store(home, offline=True).files(tiny(index)).folder()
    assert "aigc store pull tiny" in str(caught.value)
    assert [path.read_bytes() for path in (home / "store" / "damaged").iterdir()] == [gguf()[:500]]
    assert (store.pull(tiny(index)) / "model.gguf").read_bytes() == gguf()  # online again


def test_a_file_that_was_only_touched_is_hashed_once_and_kept(
    store: Store, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.pull(tiny(index))
    os.utime(folder / "model.gguf", ns=(1, 1))
    hashed: list[Path] = []
    monkeypatch.setattr("aigc_sdk.store.files.sha256_of", lambda path: hashed.append(path) or layout.sha256_of(path))
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("an installer was looked for"))
    store.files(tiny(index)).folder()
    store.files(tiny(index)).folder()
    assert hashed == [folder / "model.gguf"]


def test_a_load_does_not_hash(store: Store, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pull(tiny(index))
    monkeypatch.setattr("aigc_sdk.store.files.sha256_of", lambda path: pytest.fail(f"{path} was hashed"))
    store.files(tiny(index)).folder()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": "tiny"}', '{"files": 3}'])
def test_a_record_that_cannot_be_read_is_written_again_without_a_download(
    store: Store, index: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    folder = store.pull(tiny(index))
    (folder.parent / "record.json").write_text(text)
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("an installer was looked for"))
    assert store.pull(tiny(index)) == folder


def test_a_damaged_blob_is_not_given_to_another_model(store: Store, index: Path) -> None:
    model = tiny(index)
    _spoil(store.pull(model) / "model.gguf", b"GGUF but not that")
    twin = model.model_copy(update={"id": "twin"})
    assert (store.pull(twin) / "model.gguf").read_bytes() == gguf()
    assert (store.pull(model) / "model.gguf").read_bytes() == gguf()
    assert all(finding.passed for finding in store.verify())
