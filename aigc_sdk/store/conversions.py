"""Folders that plugins make once from a model's files: built aside, published whole, checked when used again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from ..contract.artifacts import write_atomic
from ..contract.errors import InvalidRequest, StoreError
from ..contract.model import Closed
from .layout import FULL, Layout, StoredFile, disk_error, disk_errors, seen, sha256_of, sweep, sync, unchanged
from .progress import ProgressSink


class Conversion(Closed):
    """What a finished conversion holds."""

    files: dict[str, StoredFile]


def get_or_build(
    layout: Layout,
    key: str,
    weights: dict[str, str],
    name: str,
    source: Path,
    build: Callable[[Path, Path], None],
    sink: ProgressSink,
) -> Path:
    """The folder of the conversion ``name``; built if it is not there, or not as it was published.

    Args:
        weights: name and sha256 of the model's files; a conversion of other files is another conversion.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise StoreError(f"{name!r} is no name for a conversion", fix="letters, digits, '.', '_' and '-'")
    target = layout.conversions / f"{key}-{_digest(weights)}" / name
    if intact(target):
        return target
    waiting = f"another process is converting {key} ({name}); waiting for it"
    with layout.locked(f"{key}.{name}", sink, waiting):
        if intact(target):
            return target
        sink.note(f"converting {key} ({name}), once")
        _build(layout, target, source, build)
    return target


def intact(target: Path) -> bool:
    """True if the conversion is complete and its files have the size and time they had when it was published."""
    found = read(target)
    return found is not None and all(unchanged(target / name, file) for name, file in found.files.items())


def read(target: Path) -> Conversion | None:
    """What the conversion should hold; None if it is not complete."""
    try:
        return Conversion(**json.loads(_marker(target).read_bytes()))
    except (OSError, ValueError, TypeError, ValidationError, InvalidRequest):
        return None


def of(layout: Layout, key: str) -> Iterator[Path]:
    """The complete conversions of a model."""
    for folder in sorted(layout.conversions.glob(f"{key}-*/*")):
        if folder.is_dir() and not folder.name.startswith(".") and read(folder) is not None:
            yield folder


def remove(layout: Layout, key: str) -> None:
    """Removes all conversions of a model, unfinished ones too."""
    for folder in layout.conversions.glob(f"{key}-*"):
        shutil.rmtree(folder)


def _build(layout: Layout, target: Path, source: Path, build: Callable[[Path, Path], None]) -> None:
    unfinished = target.with_name(f".{target.name}.unfinished")
    with disk_errors(layout.root):
        shutil.rmtree(unfinished, ignore_errors=True)  # a killed one's; we hold its lock
        unfinished.mkdir(parents=True)
        sweep(target.parent)
    try:
        try:
            build(source, unfinished)
        except OSError as error:
            if error.errno in FULL:  # a library's other errors are its own to explain
                raise disk_error(error, layout.root) from error
            raise
        with disk_errors(layout.root):
            _publish(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _publish(unfinished: Path, target: Path) -> None:
    names = [path.relative_to(unfinished).as_posix() for path in sorted(unfinished.rglob("*")) if path.is_file()]
    for name in names:
        sync(unfinished / name)
    _marker(target).unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)
    files = {name: seen(target / name, sha256_of(target / name)) for name in names}
    write_atomic(_marker(target), Conversion(files=files).model_dump_json(indent=1).encode())


def _marker(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def _digest(weights: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(weights.items())).encode()).hexdigest()[:12]
