"""What ``aigc store list``, ``verify`` and ``remove`` do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..contract.adapter import Finding
from ..contract.errors import UnknownModel, did_you_mean
from . import conversions, folders
from .layout import Layout, Record, disk_errors, sha256_of
from .progress import ProgressSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One model in the store.

    Attributes:
        bytes: of its files, conversions included; what it shares with other models is counted for each.
        path: its folder. complete: False for what a killed pull left (the next pull goes on from there).
        conversions: names. last_used: when it was last loaded, UTC; None if never.
    """

    model: str
    bytes: int
    path: Path
    licence: str
    complete: bool
    conversions: tuple[str, ...] = ()
    last_used: datetime | None = None


def listed(layout: Layout) -> list[Stored]:
    """All models, by id."""
    records = layout.records()
    complete = [_stored(layout, key, record) for key, record in records.items()]
    unfinished = [_unfinished(folder) for key, folder in _unfinished_folders(layout).items() if key not in records]
    return sorted([*complete, *unfinished], key=lambda stored: (stored.model, stored.path))


def verified(layout: Layout, model: str | None) -> list[Finding]:
    """Hashes every file of a model, or of all, again.

    Raises:
        UnknownModel: it is not in the store.
    """
    records = layout.records()
    if model is not None:
        records = {key: records[key] for key in _keys(layout, model) if key in records}
    return [finding for key, record in records.items() for finding in _verified(layout, key, record)]


def removed(layout: Layout, model: str, sink: ProgressSink) -> int:
    """Removes a model, its conversions and unfinished pulls. Returns the bytes freed.

    Raises:
        UnknownModel: it is not in the store. StoreError: the store cannot be written.
    """
    keys = _keys(layout, model)
    before = _bytes(layout.root)
    with disk_errors(layout.root):
        for key in keys:
            with layout.locked(key, sink, f"another process is fetching {model}; waiting for it"):
                # The record goes first: killed in the middle, the model is incomplete, not broken.
                (layout.models / key / "record.json").unlink(missing_ok=True)
                conversions.remove(layout, key)
                for folder in (layout.models / key, layout.incoming / key):
                    if folder.exists():
                        shutil.rmtree(folder)
        with layout.publishing(sink):
            _drop_unused_blobs(layout)
    return before - _bytes(layout.root)


def _stored(layout: Layout, key: str, record: Record) -> Stored:
    converted = list(conversions.of(layout, key))
    size = sum(file.size for file in record.files.values()) + sum(_bytes(folder) for folder in converted)
    used = None
    with suppress(OSError):
        used = datetime.fromtimestamp((layout.models / key / "used").stat().st_mtime, UTC)
    return Stored(
        model=record.model,
        bytes=size,
        path=layout.folder(key, record),
        licence=record.licence,
        complete=all((layout.folder(key, record) / name).exists() for name in record.files),
        conversions=tuple(folder.name for folder in converted),
        last_used=used,
    )


def _unfinished(folder: Path) -> Stored:
    about = _about(folder)
    return Stored(
        model=about.get("model", folder.name),
        bytes=_bytes(folder),
        path=folder,
        licence=about.get("licence", "unknown"),
        complete=False,
    )


def _unfinished_folders(layout: Layout) -> dict[str, Path]:
    return {folder.name: folder for folder in sorted(layout.incoming.glob("*")) if folder.is_dir()}


def _about(folder: Path) -> dict[str, str]:
    try:
        about = json.loads((folder / "about.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _keys(layout: Layout, model: str) -> list[str]:
    names = {key: record.model for key, record in layout.records().items()}
    for key, folder in _unfinished_folders(layout).items():
        names.setdefault(key, _about(folder).get("model", key))
    keys = [key for key, name in names.items() if model in (key, name)]
    if not keys:
        raise UnknownModel(
            f"{model!r} is not in the store at {layout.root}", fix=did_you_mean(model, set(names.values()))
        )
    return keys


def _verified(layout: Layout, key: str, record: Record) -> Iterator[Finding]:
    folder = layout.folder(key, record)
    local = record.sources[0].startswith(folders.IN_PLACE)
    fix = f"restore it in {folder}" if local else f"aigc store pull {record.model}"
    for name, file in record.files.items():
        wrong = _wrong(folder / name, file.sha256)
        yield Finding(what=f"{record.model}: {name} {wrong or 'is right'}", passed=not wrong, fix=fix if wrong else "")
    for target in conversions.of(layout, key):
        found = conversions.read(target)
        for name, file in found.files.items() if found else ():
            if wrong := _wrong(target / name, file.sha256):
                yield Finding(
                    what=f"{record.model}: {name} of the conversion {target.name} {wrong}",
                    passed=False,
                    fix=f"remove the folder {target}; it is made again at the next load",
                )


def _wrong(path: Path, sha256: str) -> str:
    try:
        return "" if sha256_of(path) == sha256 else f"is damaged: its sha256 is not {sha256[:12]}..."
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _drop_unused_blobs(layout: Layout) -> None:
    """A blob stays while a record names it or a model's folder, perhaps one in the making, links to it."""
    named = {file.sha256 for record in layout.records().values() for file in record.files.values()}
    linked = {_identity(path) for path in layout.models.glob("*/files/**/*") if path.is_file()}
    for blob in layout.root.glob("blobs/*/*"):
        if blob.name not in named and _identity(blob) not in linked:
            blob.unlink()


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _bytes(folder: Path) -> int:
    """Bytes on the disk under ``folder``; a file with several hard links counts once, a symbolic link nothing."""
    sizes = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                status = os.lstat(os.path.join(parent, name))
                if not os.path.islink(os.path.join(parent, name)):
                    sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())
