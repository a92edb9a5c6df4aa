"""Small GGUF files, written field by field."""

from __future__ import annotations

import struct
from pathlib import Path


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key: str, value: str | int | float | list[str] | list[int]) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    if isinstance(value, int):
        return text(key) + struct.pack("<II", 4, value)
    kind = 8 if isinstance(value[0], str) else 5
    packed = b"".join(text(v) if isinstance(v, str) else struct.pack("<i", v) for v in value)
    return text(key) + struct.pack("<IIQ", 9, kind, len(value)) + packed


def write_gguf(path: Path, architecture: str = "llama", context_length: int = 64, **more: str) -> bytes:
    """A header without tensors: enough for whoever reads the header only. Returns the bytes."""
    pairs = [
        pair("general.architecture", architecture),
        pair("tokenizer.ggml.tokens", ["a", "b", "红"]),
        pair("tokenizer.ggml.token_type", [1, 1, 1]),
        pair(f"{architecture}.context_length", context_length),
        pair(f"{architecture}.rope.freq_base", 10000.0),
        *(pair(key.replace("__", "."), value) for key, value in more.items()),
    ]
    data = struct.pack("<4sIQQ", b"GGUF", 3, 0, len(pairs)) + b"".join(pairs)
    path.write_bytes(data)
    return data
