"""``package:`` sources: files inside an installed package, used where they are."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import HashMismatch, InvalidRequest, SourceUnavailable, UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.store import Store

from .helpers import card, sha256

WEIGHTS = struct.pack("<Q", 2) + b"{}"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package with a model inside."""
    folder = tmp_path / "site" / "a_plugin_with_weights" / "weights" / "tiny"
    folder.mkdir(parents=True)
    (folder.parents[1] / "__init__.py").write_text("raise ImportError('looking for files must not import')")
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "not-listed.txt").write_text("hello")
    monkeypatch.syspath_prepend(tmp_path / "site")
    return folder


def packaged(data: bytes = WEIGHTS, path: str = "model.safetensors") -> ModelCard:
    file = SourceFile(path=path, name=path, sha256=sha256(data), size=len(data))
    source = Source(uri="package:a_plugin_with_weights/weights/tiny", files=(file,))
    return card(source, model="packaged", format="safetensors")


def test_files_are_used_in_place_and_nothing_is_imported(home: Path, package: Path) -> None:
    files = Store(home, offline=True).files(packaged())
    assert files.folder() == package
    assert files.sha256 == {"model.safetensors": sha256(WEIGHTS)}
    assert not list((home / "store").glob("blobs/*"))


def test_a_changed_file_is_found(store: Store, package: Path) -> None:
    store.pull(packaged())
    (package / "model.safetensors").write_bytes(WEIGHTS + b"more")
    with pytest.raises(HashMismatch, match="pinned"):
        store.files(packaged()).folder()
    [finding] = store.verify("packaged")
    assert finding.fix == f"restore it in {package}"


def test_removing_forgets_it_and_leaves_the_package_alone(store: Store, package: Path) -> None:
    store.pull(packaged())
    store.remove("packaged")
    assert (package / "model.safetensors").read_bytes() == WEIGHTS


def test_what_is_not_there(store: Store, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceUnavailable, match=r"other\.safetensors does not exist"):
        store.pull(packaged(path="other.safetensors"))
    (package / "model.safetensors").write_bytes(b"\x80\x04\x95" + b"\0" * 20)
    with pytest.raises(UnsafeFormat):
        store.pull(packaged())
    monkeypatch.syspath_prepend(package)  # any other folder
    uri = "package:no_such_package_here/weights"
    absent = card(Source(uri=uri, files=packaged().sources[0].files), model="absent", format="safetensors")
    with pytest.raises(SourceUnavailable, match="'no_such_package_here' is not installed"):
        store.pull(absent)


@pytest.mark.parametrize(
    "fields",
    [
        {"files": ()},
        {"files": (SourceFile(path="a", name="a"),)},
        {"files": (SourceFile(path="a", name="b", sha256="0" * 64),)},
    ],
)
def test_files_are_listed_pinned_and_keep_their_names(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        Source(uri="package:a_plugin/weights", **fields)
    with pytest.raises(InvalidRequest):
        Source(uri="package:no-folder", files=(SourceFile(path="a", name="a", sha256="0" * 64),))


def test_files_of_another_model_beside_it(store: Store, package: Path, tmp_path: Path) -> None:
    """What a loader asks for beside its own files is verified in the same way, and recorded by itself."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "lora.safetensors").write_bytes(WEIGHTS + b"lora")
    files = store.files(packaged())
    files.folder()
    beside = files.beside(card(Source(uri=f"file:{other}"), model="lora", format="safetensors"))
    assert beside.folder() == other
    assert beside.sha256 == {"lora.safetensors": sha256(WEIGHTS + b"lora")}
    assert files.sha256 == {"model.safetensors": sha256(WEIGHTS)}
