"""What may be given to a loader, judged by the bytes."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import CorruptModel, UnsafeFormat
from aigc_sdk.store import formats


def _archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


SAFETENSORS = struct.pack("<Q", 2) + b"{}"
ODD_HEADER = struct.pack("<Q", 0x0280) + b"{" + b" " * 0x27F  # its first two bytes are those of a pickle
ONNX = b"\x08\x08\x12\x07pytorch"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.gguf", b"GGUF\x03\0\0\0"),
        ("m.safetensors", SAFETENSORS),
        ("m.safetensors", ODD_HEADER),
        ("m.onnx", ONNX),
        ("config.json", b"{}"),
        ("tokenizer.model", b"\x0a\x0e"),
        ("voices.npz", _archive("a.npy")),
        ("empty.txt", b""),
    ],
)
def test_safe_files_pass(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    formats.check(tmp_path / name, name, model="m")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["m.gguf", "m.safetensors", "m.onnx", "tokenizer.model", "config.json", "m.bin"])
def test_pickles_are_refused_under_any_name(tmp_path: Path, name: str, protocol: int) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({"weights": [1.0]}, protocol))
    with pytest.raises(UnsafeFormat, match="pickle"):
        formats.check(tmp_path / name, name, model="m")


@pytest.mark.parametrize("member", ["archive/data.pkl", "x.pickle"])
def test_archives_that_hold_a_pickle_are_refused(tmp_path: Path, member: str) -> None:
    (tmp_path / "m.model").write_bytes(_archive("version", member))
    with pytest.raises(UnsafeFormat):
        formats.check(tmp_path / "m.model", "m.model", model="m")


def test_an_archive_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.model").write_bytes(_archive("archive/data.pkl")[:40])
    with pytest.raises(UnsafeFormat):
        formats.check(tmp_path / "m.model", "m.model", model="m")


@pytest.mark.parametrize("name", ["m.gguf", "m.safetensors", "m.onnx"])
def test_bytes_must_be_what_the_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"<!doctype html>")
    with pytest.raises(CorruptModel):
        formats.check(tmp_path / name, name, model="m")


def test_only_the_wanted_weights_and_what_belongs_to_them_are_chosen() -> None:
    names = [
        *("model.safetensors", "config.json", "tokenizer.model", "LICENSE", "modeling.py", "a.png", ".gitattributes"),
        *("onnx/model.onnx", "onnx/model.onnx_data", "model.gguf", "pytorch_model.bin", "training_args.bin"),
    ]
    chosen = ["model.safetensors", "config.json", "tokenizer.model", "LICENSE"]
    assert formats.choose(names, model="m", wanted="safetensors") == chosen


def test_onnx_comes_with_its_external_data() -> None:
    names = ["model.onnx", "model.onnx_data", "config.json"]
    assert sorted(formats.choose(names, model="m", wanted="onnx")) == sorted(names)


@pytest.mark.parametrize(
    "names",
    [["pytorch_model.bin"], ["unet/model.safetensors", "vae/model.bin"], ["model.gguf", "model.pt"]],
    ids=["only a pickle", "a part is a pickle", "safe in another format"],
)
def test_a_pickle_that_a_loader_would_take_is_refused(names: list[str]) -> None:
    with pytest.raises(UnsafeFormat, match="is a pickle"):
        formats.choose(names, model="m", wanted="safetensors")


def test_without_weights_it_says_what_there_is() -> None:
    with pytest.raises(CorruptModel, match="no safetensors file; it has gguf"):
        formats.choose(["model.gguf", "config.json"], model="m", wanted="safetensors")
    with pytest.raises(CorruptModel, match="nor any other weights"):
        formats.choose(["readme.md"], model="m", wanted="gguf")
