from __future__ import annotations

import struct
from pathlib import Path

import pytest
from aigc_text.gguf_header import find, pick, read_header

from aigc_sdk import CorruptModel

from .gguf_files import write_gguf


def test_the_header_is_read_past_its_arrays(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", context_length=4096, tokenizer__chat_template="{{ messages }}")
    header = read_header(tmp_path / "m.gguf")
    assert (header.architecture, header.context_length, header.chat_template) == ("llama", 4096, "{{ messages }}")
    assert header.values["llama.rope.freq_base"] == 10000.0
    assert "tokenizer.ggml.tokens" not in header.values


def test_every_cut_of_a_header_is_found(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    whole = write_gguf(path)
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(CorruptModel, match=r"m\.gguf"):
            read_header(path)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + b"\0" * 40,
        struct.pack("<4sIQQ", b"GGUF", 99, 0, 0),
        struct.pack("<4sIQQ", b"GGUF", 3, 0, 2**60),
        struct.pack("<4sIQQQ", b"GGUF", 3, 0, 1, 2**63),
    ],
)
def test_nonsense_is_found(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    with pytest.raises(CorruptModel, match=r"m\.gguf"):
        read_header(path)


def test_the_choice_among_files() -> None:
    assert pick(["a-Q8_0.gguf", "a-q4_k_m.gguf"]) == "a-q4_k_m.gguf"
    assert pick(["b-IQ2_XS.gguf", "a-IQ3_M.gguf"]) == "a-IQ3_M.gguf"
    assert pick(["m-00002-of-00002.gguf", "m-00001-of-00002.gguf"]) == "m-00001-of-00002.gguf"
    assert pick(["mmproj-F16.gguf", "config.json"]) is None


def test_a_file_in_a_subfolder_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write_gguf(tmp_path / "deep" / "m.gguf")
    assert find(tmp_path) == tmp_path / "deep" / "m.gguf"
