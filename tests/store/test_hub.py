"""``hf:`` sources, with the real huggingface_hub against a hub of our own on this machine (see hub_server)."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import (
    AigcError,
    CorruptModel,
    HashMismatch,
    MissingExtra,
    OfflineRefused,
    SourceUnavailable,
    UnsafeFormat,
)
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.store import Store

from . import hub_server
from .helpers import Sink, card, gguf, leftovers, python, sha256
from .hub_server import Hub, Repository

constants = pytest.importorskip("huggingface_hub.constants")

WEIGHTS = struct.pack("<Q", 2) + b"{}" + bytes(5000)
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
FILES = {
    "model.safetensors": WEIGHTS,
    "config.json": json.dumps(CONFIG).encode(),
    "tokenizer.json": b"{}",
    "modeling.py": b"raise SystemExit",
    "pytorch_model.bin": b"\x80\x02 never fetched",
    "onnx/model.onnx": b"\x08\x08 never fetched",
    "model.gguf": gguf(),
    "logo.png": b"never fetched",
    ".gitattributes": b"never fetched",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, with one ordinary model."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with hub_server.running() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", os.devnull)  # what the user may have in the library's own cache
        hub.repositories["org/model"] = Repository(dict(FILES), ["license:apache-2.0", "text-generation"])
        yield hub


def remote(name: str = "org/model", *files: SourceFile, **fields: object) -> ModelCard:
    return card(Source(uri=f"hf:{name}", files=files), model=name, **{"format": "safetensors", **fields})


def test_describe_asks_the_hub(store: Store, hub: Hub, home: Path) -> None:
    info = store.describe("org/model")
    assert (info.id, info.uri, info.licence, info.remote_code) == ("org/model", "hf:org/model", "Apache-2.0", False)
    assert info.files == {name: len(data) for name, data in FILES.items()}
    assert info.config == CONFIG
    assert not home.exists()


def test_describe_a_revision_a_pipeline_and_remote_code(store: Store, hub: Hub) -> None:
    hub.repositories["org/pipe"] = Repository({"model_index.json": b'{"_class_name": "X"}'})
    hub.repositories["org/code"] = Repository({"config.json": b'{"auto_map": {}}'}, ["license:llama3"])
    assert store.describe("hf:org/pipe@v1").config == {"_class_name": "X"}
    assert store.describe("org/pipe").licence == "unknown"
    code = store.describe("org/code")
    assert (code.remote_code, code.licence) == (True, "llama3")


def test_only_what_is_safe_and_needed_is_fetched(store: Store, hub: Hub, home: Path, sink: Sink) -> None:
    files = store.files(remote())
    folder = files.folder()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        name: FILES[name] for name in ("model.safetensors", "config.json", "tokenizer.json")
    }
    assert files.sha256["model.safetensors"] == sha256(WEIGHTS)
    assert not [asked for asked in hub.asked if asked.endswith((".bin", ".onnx", ".png", ".py", ".gguf"))]
    assert sum(sink.steps) == sink.started[0][1] == sum(len(data) for data in (WEIGHTS, FILES["config.json"], b"{}"))
    assert leftovers(home) == []


def test_once_stored_the_hub_is_not_asked_again(store: Store, hub: Hub, home: Path) -> None:
    described = store.describe("org/model")
    folder = store.pull(remote())
    hub.asked.clear()
    assert store.pull(remote()) == folder
    assert store.describe("org/model") == described
    assert hub.asked == []


def test_a_stored_model_works_offline(store: Store, hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")
    folder = store.pull(remote())
    hub.asked.clear()
    offline = Store(home, offline=True)
    assert offline.pull(remote()) == folder
    assert offline.describe("org/model").config == CONFIG
    with pytest.raises(OfflineRefused):
        offline.describe("org/other")
    assert hub.asked == []


def test_a_library_s_own_offline_switch_is_explained(store: Store, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OfflineRefused, match="HF_HUB_OFFLINE"):
        store.pull(remote())


def test_python_files_come_only_for_who_trusts_them(store: Store, hub: Hub) -> None:
    trusting = store.files(remote(), trust_remote_code=True).folder()
    assert (trusting / "modeling.py").exists()
    assert not (store.files(remote()).folder() / "modeling.py").exists()


def test_listed_files_and_another_format(store: Store, hub: Hub) -> None:
    listed = remote("org/model", SourceFile(path="model.gguf", name="weights.gguf"), format="gguf")
    assert [path.name for path in store.pull(listed).iterdir()] == ["weights.gguf"]


def test_a_pinned_file_must_be_the_pinned_one(store: Store, hub: Hub) -> None:
    pinned = SourceFile(path="config.json", name="config.json", sha256=sha256(b"another"))
    with pytest.raises(HashMismatch, match=r"'config\.json' arrived with digest .*, expected"):
        store.pull(remote("org/model", pinned))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_file_altered_on_its_way_is_refused_and_fetched_again(store: Store, hub: Hub, name: str) -> None:
    hub.repositories["org/model"].tampered = {name}
    with pytest.raises(HashMismatch, match=f"'{name}' arrived with digest"):
        store.pull(remote())
    hub.repositories["org/model"].tampered = set()
    assert (store.pull(remote()) / name).read_bytes() == FILES[name]


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({"pytorch_model.bin": b"\x80\x02"}, UnsafeFormat),
        ({"model.safetensors": b"\x80\x04" + bytes(20)}, UnsafeFormat),
        ({"model.safetensors": b"version https://git-lfs.github.com/spec/v1"}, CorruptModel),
        ({"model.gguf": gguf()}, CorruptModel),
        ({"README.md": b"soon"}, CorruptModel),
    ],
    ids=["a pickle", "a pickle in disguise", "not safetensors", "another format", "no weights"],
)
def test_what_cannot_be_loaded_safely_is_refused(
    store: Store, hub: Hub, home: Path, files: dict[str, bytes], error: type[Exception]
) -> None:
    hub.repositories["org/odd"] = Repository(files)
    with pytest.raises(error):
        store.pull(remote("org/odd"))
    assert not list(home.glob("store/blobs/*/*"))


def test_a_file_name_that_leads_out_of_the_folder_is_refused(store: Store, hub: Hub, home: Path) -> None:
    files = {"../../escaped.json": b"{}", "../../escaped.py": b"x", "model.safetensors": WEIGHTS}
    hub.repositories["org/evil"] = Repository(files)
    assert [path.name for path in store.pull(remote("org/evil")).iterdir()] == ["model.safetensors"]
    with pytest.raises(AigcError, match="not a relative path inside its folder"):
        store.files(remote("org/evil"), trust_remote_code=True).folder()
    assert not list(home.parent.rglob("escaped*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("org/absent", "has no model 'org/absent', or it is private"),
        ("org/gated", "only to those who accepted its terms"),
        ("org/model@v9", "org/model: "),
    ],
)
def test_what_the_hub_refuses_is_explained(store: Store, hub: Hub, name: str, said: str) -> None:
    hub.repositories["org/gated"] = Repository(dict(FILES), gated=True)
    for action in (lambda: store.describe(name), lambda: store.pull(remote(name))):
        with pytest.raises(SourceUnavailable, match=said) as caught:
            action()
        assert caught.value.fix


def test_a_listed_file_that_the_repository_has_not(store: Store, hub: Hub) -> None:
    with pytest.raises(SourceUnavailable, match="org/model: "):
        store.pull(remote("org/model", SourceFile(path="absent.json", name="absent.json")))


def test_no_network(store: Store, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    for action in (lambda: store.describe("org/model"), lambda: store.pull(remote())):
        with pytest.raises(SourceUnavailable, match="could not give org/model") as caught:
            action()
        assert "HF_ENDPOINT" in str(caught.value.fix)


def test_without_huggingface_hub(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match="needs huggingface_hub"):
        store.pull(remote())


def test_after_a_kill_finished_files_are_not_fetched_again(store: Store, hub: Hub, home: Path) -> None:
    """In another process, which reads HF_ENDPOINT as a user's would."""
    weights = struct.pack("<Q", 2) + b"{}" + bytes(30_000_000)
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    hub.repositories["org/big"] = Repository({names[0]: WEIGHTS, names[1]: weights})
    hub.stall_after = 25_000_000
    environment = {**os.environ, "HF_ENDPOINT": hub.address}
    process = python(home, remote("org/big"), "Store(home).pull(card)", env=environment)
    assert hub.stalled.wait(60)
    process.kill()
    process.communicate()
    assert [(stored.model, stored.complete) for stored in store.list()] == [("org/big", False)]

    hub.stall_after = None
    hub.asked.clear()
    assert (store.pull(remote("org/big")) / names[1]).stat().st_size == len(weights)
    assert [asked for asked in hub.asked if asked.endswith(names[0])] == []
    assert leftovers(home) == []
