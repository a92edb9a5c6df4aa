"""What a command prints and writes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import AigcError, InvalidRequest

if TYPE_CHECKING:
    from ..contract.artifacts import Artifact, TextArtifact, VectorArtifact

_UNSHOWABLE = {code: None for code in (*range(32), 127, *range(128, 160)) if code not in (9, 10)}


def on_terminal() -> bool:
    """True if stdout is a terminal."""
    return sys.stdout.isatty()


def for_terminal(text: str) -> str:
    """The text without control characters: a model's output must not drive the terminal."""
    return text.translate(_UNSHOWABLE)


def say(text: str) -> None:
    """A remark for the user, on stderr, so that it never mixes with what a pipe takes."""
    click.echo(text, err=True)


def print_json(value: Any) -> None:
    """One JSON document: readable on a terminal, one line in a pipe."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2 if on_terminal() else None, default=str))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Aligned columns, wrapped to the terminal; in a pipe, tab-separated lines without headings."""
    if not on_terminal():
        for row in rows:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        shown.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console().print(shown)


def human_bytes(size: float) -> str:
    """``98 MB``: decimal units, as disks and package indexes count."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit != "GB" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def check_target(path: Path) -> None:
    """Refuses, before any work is done, a file that could not be written at the end.

    Raises:
        InvalidRequest: it is a folder, its folder does not exist, or it may not be written.
    """
    if path.is_dir():
        raise InvalidRequest(f"{path} is a folder", fix=f"name a file, such as {path / 'answer.txt'}")
    folder = path.parent
    if not folder.is_dir():
        raise InvalidRequest(f"the folder {folder} does not exist", fix=f"mkdir -p {folder}")
    if not os.access(folder, os.W_OK):
        raise InvalidRequest(f"the folder {folder} cannot be written to")


def numbered(path: Path, index: int, count: int) -> Path:
    """``ad.txt`` for one artifact; ``ad-1.txt``, ``ad-2.txt``, ... for several."""
    return path if count == 1 else path.with_name(f"{path.stem}-{index + 1}{path.suffix}")


def save(artifact: Artifact, path: Path) -> None:
    """Writes the artifact and its receipt beside it.

    Raises:
        AigcError: the disk will not take them. Nothing half-written is left.
    """
    try:
        artifact.save(path)
    except OSError as error:
        raise AigcError(f"cannot write {path}: {error.strerror}") from None
    say(f"Wrote {path}")


def write_file(path: Path, data: bytes) -> None:
    """Writes a whole file or nothing. Raises AigcError if the disk will not take it."""
    from ..contract.artifacts import write_atomic

    try:
        write_atomic(path, data)
    except OSError as error:
        raise AigcError(f"cannot write {path}: {error.strerror}") from None


def receipt_json(artifact: Artifact) -> dict[str, Any] | None:
    """The artifact's receipt as JSON-ready values."""
    return artifact.receipt.model_dump(mode="json") if artifact.receipt else None


def in_words(artifact: TextArtifact | VectorArtifact) -> str:
    """What is printed of it: the text, or the vector's numbers as JSON."""
    from ..contract.artifacts import VectorArtifact

    return json.dumps(artifact.values) if isinstance(artifact, VectorArtifact) else artifact.text


def artifact_json(artifact: TextArtifact | VectorArtifact) -> dict[str, Any]:
    """A text or a vector, and its receipt, as JSON-ready values."""
    from ..contract.artifacts import VectorArtifact

    if isinstance(artifact, VectorArtifact):
        return {"vector": artifact.values, "receipt": receipt_json(artifact)}
    view: dict[str, Any] = {"text": artifact.text, "finish_reason": artifact.finish_reason}
    if artifact.logprob is not None:
        view["logprob"] = artifact.logprob
    view["receipt"] = receipt_json(artifact)
    return view
