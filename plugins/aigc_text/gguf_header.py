"""Reads the key-value header of a GGUF file: 30 ms where the ``gguf`` package needs seconds.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_MAX_KEYS = 65_536

TORCH_CLASSES = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gemma3": "Gemma3ForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "gpt2": "GPT2LMHeadModel",
    "falcon": "FalconForCausalLM",
    "stablelm": "StableLmForCausalLM",
    "starcoder2": "Starcoder2ForCausalLM",
}
"""The class in transformers of the GGUF architectures that it can read and that are common."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says. ``values`` leaves arrays out (vocabularies are long)."""

    values: dict[str, Any]
    tensors: int

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture, such as ``qwen2``."""
        return str(self.values.get("general.architecture", ""))

    @property
    def context_length(self) -> int | None:
        """Tokens the model was made for."""
        value = self.values.get(f"{self.architecture}.context_length")
        return int(value) if value else None

    @property
    def chat_template(self) -> str | None:
        """Jinja source; None for most base models."""
        return self.values.get("tokenizer.chat_template")


def read_header(path: Path) -> Header:
    """The header of a GGUF file.

    Raises:
        CorruptModel: if it is no GGUF file, or ends inside its header.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise CorruptModel(f"{path} is not a whole GGUF file: {error}", plugin="text") from None


def _parse(data: mmap.mmap) -> Header:
    magic, version, tensors, count = struct.unpack_from("<4sIQQ", data)
    if magic != b"GGUF" or version not in (2, 3):
        raise ValueError(f"it starts with {magic!r}, version {version}")
    if count > _MAX_KEYS:
        raise ValueError(f"it claims {count} keys")
    at, values = 24, {}
    for _ in range(count):
        key, at = _string(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        value, at = _value(data, at + 4, kind)
        if kind != _ARRAY:
            values[key] = value
    return Header(values, tensors)


def _string(data: mmap.mmap, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + size
    if end > len(data):
        raise ValueError("a string runs past its end")
    return data[at + 8 : end].decode("utf-8"), end


def _value(data: mmap.mmap, at: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return _string(data, at)
    if kind == _ARRAY:
        return None, _skip_array(data, at)
    if kind not in _SCALARS:
        raise ValueError(f"it holds a value of unknown type {kind}")
    layout = _SCALARS[kind]
    return struct.unpack_from(layout, data, at)[0], at + struct.calcsize(layout)


def _skip_array(data: mmap.mmap, at: int) -> int:
    kind, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if kind in _SCALARS:
        return int(at + count * struct.calcsize(_SCALARS[kind]))
    if kind != _STRING:
        raise ValueError(f"it holds an array of unknown type {kind}")
    length = struct.Struct("<Q").unpack_from
    for _ in range(count):
        at += 8 + length(data, at)[0]
    return at


_QUANTISATIONS = ("q4_k_m", "q4_k_s", "q5_k_m", "q4_1", "q4_0", "q5_k_s", "q6_k", "q8_0", "bf16", "f16", "f32")


def pick(names: Iterable[str]) -> str | None:
    """The GGUF file to load where there are several: Q4_K_M if there is one (llama.cpp's own default), else the next.

    Vision projectors (``mmproj``) are passed over; of a split model the first part is taken, llama.cpp finds the rest.
    """
    found = sorted(n for n in names if n.lower().endswith(".gguf") and "mmproj" not in n.lower())
    found = [n for n in found if not re.search(r"-of-\d+\.gguf$", n) or "-00001-of-" in n]
    for wanted in _QUANTISATIONS:
        for name in found:
            if wanted in name.lower():
                return name
    return found[0] if found else None


def parts(name: str, names: Iterable[str]) -> list[str]:
    """All files of the model whose first file is ``name``."""
    stem = re.sub(r"-00001-of-(\d+)\.gguf$", "", name)
    return [name] if stem == name else sorted(n for n in names if n.startswith(f"{stem}-") and n.endswith(".gguf"))


def find(folder: Path) -> Path | None:
    """The GGUF file to load from a folder, or None if it has none."""
    name = pick(str(p.relative_to(folder)) for p in folder.rglob("*.gguf"))
    return folder / name if name else None
