"""``file:`` and ``package:`` sources: a folder that is there, used where it is; never copied, never written to."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..contract.errors import CorruptModel, HashMismatch, SourceUnavailable, UnsafeFormat
from ..contract.manifest import ModelCard, SourceFile
from ..contract.runner import SourceInfo
from . import formats
from .layout import Record, StoredFile, inside, seen, sha256_of, unchanged

IN_PLACE = ("file:", "package:")
"""How the names of these sources begin."""


def path_of(uri: str) -> Path:
    """The folder that a ``file:`` or ``package:`` source names.

    Raises:
        SourceUnavailable: the package is not installed, or not as a folder.
    """
    if not uri.startswith("package:"):
        return Path(uri.removeprefix("file:")).expanduser().absolute()
    package, _, inside_it = uri.removeprefix("package:").partition("/")
    spec = find_spec(package.partition(".")[0])  # of a dotted name, find_spec would import the first part
    if spec is None or not spec.submodule_search_locations:
        raise SourceUnavailable(f"the package {package!r} is not installed", fix=f"install what brings {package}")
    parts = package.split(".")[1:]
    return Path(spec.submodule_search_locations[0], *parts, inside_it).absolute()


def in_place(card: ModelCard, old: Record | None, *, weights_only: bool = False) -> Record:
    """The record of a folder as it is now. Hashes of files that did not change since ``old`` are not computed again.

    A ``file:`` source that lists files means those and no others, so a loader gets a folder of links to them
    (``Record.folder`` is None then, see :func:`show`); otherwise it gets the folder itself.

    Raises:
        SourceUnavailable: the folder or a listed file does not exist.
        HashMismatch: a listed file is not the pinned one.
        UnsafeFormat, CorruptModel: see :mod:`.formats`.
    """
    source = card.sources[0]
    folder = path_of(source.uri)
    if not folder.is_dir():
        fix = "check the path" if source.uri.startswith("file:") else "install the package anew"
        raise SourceUnavailable(f"{card.id}: the folder {folder} does not exist", fix=fix)
    wanted = source.files or tuple(
        SourceFile(path=name, name=name) for name in formats.choose(_names(folder), model=card.id, wanted=card.format)
    )
    known = old.files if old is not None else {}
    files = {file.name: _looked_at(folder, file, card, known.get(file.name), weights_only) for file in wanted}
    return Record(
        model=card.id,
        licence=card.licence,
        licence_url=card.licence_url,
        sources=(source.uri,),
        files=files,
        folder=None if source.files and source.uri.startswith("file:") else str(folder),
    )


def show(card: ModelCard, target: Path) -> None:
    """Makes ``target`` a folder of links to the files that the card's source lists."""
    source = card.sources[0]
    for file in source.files:
        original = inside(path_of(source.uri), file.path)
        shown = inside(target, file.name)
        if not (shown.exists() and shown.samefile(original)):
            shown.parent.mkdir(parents=True, exist_ok=True)
            shown.unlink(missing_ok=True)
            try:
                shown.symlink_to(original)
            except OSError:  # Windows asks for a privilege
                os.link(original, shown)


def describe(path: Path, written: str) -> SourceInfo:
    """What a folder, or a single GGUF or ONNX file, holds.

    Raises:
        CorruptModel: its configuration cannot be read. UnsafeFormat: the path is a pickle.
    """
    folder = path if path.is_dir() else path.parent
    if path.is_file() and formats.suffix(path.name) in formats.PICKLES:
        raise UnsafeFormat(f"{path.name!r} is a pickle, which can run code when it is loaded")
    names = _names(folder) if path.is_dir() else [path.name]
    config = _config(folder) if path.is_dir() else {}
    return SourceInfo(
        id=written,
        uri=f"file:{folder.absolute()}",
        files={name: (folder / name).stat().st_size for name in names},
        config=config,
        remote_code="auto_map" in config,
    )


def _looked_at(
    folder: Path, file: SourceFile, card: ModelCard, known: StoredFile | None, weights_only: bool
) -> StoredFile:
    path = inside(folder, file.path)
    if not path.is_file():
        raise SourceUnavailable(f"{card.id}: {path} does not exist", fix="check the folder")
    if known is not None and unchanged(path, known):
        found = known
    else:
        formats.check(path, file.path, model=card.id, weights_only=weights_only)
        found = seen(path, sha256_of(path))
    if file.sha256 is not None and found.sha256 != file.sha256:
        raise HashMismatch(
            f"{card.id}: {path} has sha256 {found.sha256[:12]}..., pinned {file.sha256[:12]}...",
            fix="put the right file there",
        )
    return found


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _config(folder: Path) -> dict[str, Any]:
    for name in ("config.json", "model_index.json"):
        if (folder / name).is_file():
            try:
                config = json.loads((folder / name).read_bytes())
            except ValueError as error:
                raise CorruptModel(f"{folder / name} is not JSON ({error})", fix="restore the file") from None
            return config if isinstance(config, dict) else {}
    return {}
