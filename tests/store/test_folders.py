"""Folders of the user's: used in place, looked at closely, never written to."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import CorruptModel, HashMismatch, SourceUnavailable, UnknownModel, UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.store import Store

from .helpers import card, gguf, sha256

WEIGHTS = struct.pack("<Q", 2) + b"{}"
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as ``save_pretrained`` leaves it."""
    folder = tmp_path / "my model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def local(folder: Path, *files: SourceFile, **fields: object) -> ModelCard:
    return card(Source(uri=f"file:{folder}", files=files), model="local", **{"format": "safetensors", **fields})


def test_a_folder_is_used_where_it_is(store: Store, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    files = store.files(local(folder))
    assert files.folder() == folder
    assert files.sha256 == {
        "model.safetensors": sha256(WEIGHTS),
        "config.json": sha256((folder / "config.json").read_bytes()),
    }
    assert sorted(folder.rglob("*")) == before
    assert not list(store.root.glob("blobs/*"))


def test_it_needs_no_licence_question_and_no_network(home: Path, folder: Path) -> None:
    assert Store(home, offline=True).pull(local(folder, licence="unknown")) == folder


def test_hashes_are_remembered_until_a_file_changes(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = store.files(local(folder))
    files.folder()
    with monkeypatch.context() as patch:
        patch.setattr("aigc_sdk.store.folders.sha256_of", lambda path: pytest.fail(f"{path} was hashed again"))
        files.folder()
    (folder / "model.safetensors").write_bytes(WEIGHTS + b"more")
    files.folder()
    assert files.sha256["model.safetensors"] == sha256(WEIGHTS + b"more")


def test_a_changed_folder_is_converted_again(store: Store, folder: Path) -> None:
    def build(source: Path, target: Path) -> None:
        (target / "size").write_text(str((source / "model.safetensors").stat().st_size))

    first = store.files(local(folder)).converted("v1", build)
    (folder / "model.safetensors").write_bytes(WEIGHTS + b"more")
    second = store.files(local(folder)).converted("v1", build)
    assert [(path / "size").read_text() for path in (first, second)] == ["10", "14"]


def test_a_pinned_file_must_be_the_pinned_one(store: Store, folder: Path) -> None:
    pinned = SourceFile(path="model.safetensors", name="model.safetensors", sha256=sha256(b"another"))
    with pytest.raises(HashMismatch, match=r"model\.safetensors has sha256 .* pinned"):
        store.pull(local(folder, pinned))


def test_listed_files_and_no_others_are_shown(store: Store, folder: Path) -> None:
    (folder / "a.gguf").write_bytes(gguf())
    (folder / "b.gguf").write_bytes(gguf(seed=1))
    files = store.files(local(folder, SourceFile(path="b.gguf", name="b.gguf"), format="gguf"))
    shown = files.folder()
    assert [path.name for path in shown.iterdir()] == ["b.gguf"]
    assert (shown / "b.gguf").samefile(folder / "b.gguf")
    assert files.sha256 == {"b.gguf": sha256(gguf(seed=1))}
    assert files.folder() == shown
    (folder / "b.gguf").write_bytes(gguf(seed=2))
    files.folder()
    assert files.sha256 == {"b.gguf": sha256(gguf(seed=2))}
    store.remove("local")
    assert (folder / "b.gguf").exists()


def test_verify_says_when_a_folder_is_not_what_it_was(store: Store, folder: Path) -> None:
    store.pull(local(folder))
    (folder / "model.safetensors").write_bytes(WEIGHTS + b"more")
    [wrong] = [finding for finding in store.verify() if not finding.passed]
    assert wrong.fix == f"restore it in {folder}"


def test_what_is_not_there(store: Store, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist"):
        store.pull(local(tmp_path / "nowhere"))
    with pytest.raises(SourceUnavailable, match=r"b\.gguf does not exist"):
        store.pull(local(folder, SourceFile(path="b.gguf", name="b.gguf"), format="gguf"))


def test_pickles_are_refused(store: Store, folder: Path) -> None:
    (folder / "vae").mkdir()
    (folder / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x02")
    with pytest.raises(UnsafeFormat, match=r"vae/diffusion_pytorch_model\.bin"):
        store.pull(local(folder))


def test_a_pickle_in_disguise_is_refused_even_if_it_came_later(store: Store, folder: Path) -> None:
    store.pull(local(folder))
    (folder / "model.safetensors").write_bytes(b"\x80\x04" + bytes(20))
    with pytest.raises(UnsafeFormat):
        store.pull(local(folder))


def test_removing_forgets_the_folder_and_leaves_it(store: Store, folder: Path) -> None:
    store.pull(local(folder))
    assert [stored.path for stored in store.list()] == [folder]
    store.remove("local")
    assert store.list() == []
    assert (folder / "model.safetensors").exists()


def test_describe_a_folder(store: Store, folder: Path) -> None:
    info = store.describe(str(folder))
    assert (info.id, info.uri) == (str(folder), f"file:{folder}")
    assert info.files == {"config.json": len(json.dumps(CONFIG)), "model.safetensors": 10}
    assert info.config == CONFIG
    assert not info.remote_code


def test_describe_a_pipeline_and_remote_code(store: Store, folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    assert store.describe(str(folder)).config["_class_name"] == "StableDiffusionPipeline"
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "modeling.Model"}}')
    assert store.describe(f"file:{folder}").remote_code


def test_describe_a_single_file(store: Store, folder: Path) -> None:
    (folder / "one.gguf").write_bytes(gguf())
    info = store.describe(str(folder / "one.gguf"))
    assert (info.uri, info.files) == (f"file:{folder}", {"one.gguf": 1000})
    (folder / "one.pt").write_bytes(b"\x80\x02")
    with pytest.raises(UnsafeFormat):
        store.describe(str(folder / "one.pt"))


def test_describe_a_relative_folder(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert store.describe("my model").uri == f"file:{folder}"


@pytest.mark.parametrize("name", ["no-such-model", "./nowhere", "/no/where", "a/b/c", "../x", "", "a b/c"])
def test_describe_what_is_neither_a_path_nor_a_hub_id(store: Store, name: str) -> None:
    with pytest.raises(UnknownModel, match="neither"):
        store.describe(name)


def test_describe_a_folder_with_a_broken_configuration(store: Store, folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(CorruptModel, match="not JSON"):
        store.describe(str(folder))
