"""What a loader is given: one model's files, fetched and checked when they are asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..contract.artifacts import write_atomic
from ..contract.errors import HashMismatch, OfflineRefused, StoreError
from ..contract.manifest import ModelCard
from . import conversions, folders, formats
from .layout import Layout, Record, StoredFile, disk_errors, key_of, seen, set_aside, sha256_of, sweep, unchanged
from .licences import Licences
from .progress import ProgressSink
from .pull import Pull, puller


@dataclass
class StoredFiles:
    """Implements :class:`~aigc_sdk.contract.runner.ModelFiles` for one card."""

    layout: Layout
    card: ModelCard
    key: str
    sink: ProgressSink
    licences: Licences
    offline: bool
    weights_only: bool = False
    trust_remote_code: bool = False
    sha256: dict[str, str] = field(default_factory=dict)

    def folder(self) -> Path:
        """The folder with the model's files, verified; fetched first if need be.

        A file's full hash was checked when it was published; here its size and time are compared with that moment,
        and the hash is computed again only if they differ.

        Raises:
            OfflineRefused: not in the store, and offline. LicenceRefused: its terms are not accepted.
            SourceUnavailable, HashMismatch, UnsafeFormat, CorruptModel, StoreError: see there.
        """
        record = self._in_place() if self._is_folder else self._stored() or self._fetched()
        folder = self.layout.folder(self.key, record)
        for name in record.files:
            formats.check(folder / name, name, model=self.card.id, weights_only=self._pickles_pass)
        self._clear_up()
        self.sha256 = {name: file.sha256 for name, file in record.files.items()}
        with suppress(OSError):  # a read-only store does not know when it was used
            (self.layout.models / self.key / "used").touch()
        return folder

    def checked(self) -> Path:
        """As :meth:`folder`, but every hash is computed again, which takes about a second per gigabyte."""
        if self._is_folder:
            self._in_place(recheck=True)
        elif (record := self.layout.record(self.key)) is not None:
            self._rechecked(record, list(record.files))
        return self.folder()

    def converted(self, name: str, build: Callable[[Path, Path], None]) -> Path:
        """A folder made once from the model's files and kept in the store; see ModelFiles.

        Raises:
            StoreError: the name is not a plain one, or the store cannot be written. Whatever ``build`` raises.
        """
        source = self.folder()
        return conversions.get_or_build(self.layout, self.key, self.sha256, name, source, build, self.sink)

    def beside(self, card: ModelCard) -> StoredFiles:
        """The files of another model, on the same terms; see ModelFiles."""
        key = key_of(card, trust_remote_code=self.trust_remote_code)
        return replace(self, card=card, key=key, weights_only=False, sha256={})

    @property
    def _pickles_pass(self) -> bool:
        return self.weights_only or self.card.format == "torch"

    @property
    def _is_folder(self) -> bool:
        return len(self.card.sources) == 1 and self.card.sources[0].uri.startswith(folders.IN_PLACE)

    def _in_place(self, *, recheck: bool = False) -> Record:
        old = self.layout.record(self.key)
        record = folders.in_place(self.card, None if recheck else old, weights_only=self._pickles_pass)
        if record.folder is None and record != old:
            waiting = f"another process is at work on {self.card.id}; waiting for it"
            with self.layout.locked(self.key, self.sink, waiting), disk_errors(self.layout.root):
                folders.show(self.card, self.layout.folder(self.key, record))
                self.layout.write_record(self.key, record)
        elif record != old:
            with suppress(StoreError, OSError):  # only saves hashing again
                self.layout.write_record(self.key, record)
        return record

    def _stored(self) -> Record | None:
        """The record if the model is here and as it was published, without taking a lock."""
        record = self.layout.record(self.key)
        if record is None:
            return None
        changed = [name for name, file in record.files.items() if not unchanged(self._path(name), file)]
        return record if not changed else self._rechecked(record, changed)

    def _rechecked(self, record: Record, changed: list[str]) -> Record | None:
        """Files with another size or time: hashed again. Damaged ones are set aside; None if one has to be fetched."""
        damaged = [name for name in changed if not _hash_holds(self._path(name), record.files[name])]
        if not damaged:
            fresh = {name: seen(self._path(name), record.files[name].sha256) for name in changed}
            record = record.model_copy(update={"files": record.files | fresh})
            with suppress(StoreError, OSError):
                self.layout.write_record(self.key, record)
            return record
        where = self._set_aside(record, damaged)
        if self.offline:
            raise HashMismatch(
                f"{self._named(damaged)} in the store is damaged or missing{where}; it cannot be fetched again offline",
                fix=f"with a network (AIGC_OFFLINE unset): aigc store pull {self.card.id}",
            )
        return None

    def _set_aside(self, record: Record, damaged: list[str]) -> str:
        """Says where the damaged bytes are now. A store that cannot be written keeps them where they are."""
        moved = ""
        with suppress(StoreError, OSError), self.layout.publishing(self.sink):
            for name in damaged:
                path, sha256 = self._path(name), record.files[name].sha256
                blob = self.layout.blob(sha256)
                if blob.is_file() and not _hash_holds(blob, record.files[name]):
                    blob.unlink()
                if path.is_file():
                    set_aside(self.layout, path, sha256)
                    moved = f" (moved to {self.layout.damaged})"
                path.unlink(missing_ok=True)
        return moved

    def _fetched(self) -> Record:
        if not self.card.sources:
            raise StoreError(f"{self.card.id} has no files to fetch: its card names no source")
        if self.offline:
            raise OfflineRefused(
                f"{self.card.id} is not in the store at {self.layout.root}, and AIGC_OFFLINE forbids fetching it",
                fix=f"on a machine with a network: aigc store pull {self.card.id} (then copy its store folder here)",
            )
        fetch = puller(self.card)
        if self.layout.record(self.key) is None:
            self.licences.gate(self.card, self.sink)
        waiting = f"another process is fetching {self.card.id}; waiting for it"
        with self.layout.locked(self.key, self.sink, waiting), disk_errors(self.layout.root):
            record = self._stored()
            if record is None:
                if old := self.layout.record(self.key):
                    gone = [name for name in old.files if not self._path(name).exists()]
                    self.sink.note(f"{self._named(gone)} in the store was damaged or missing; fetching it again")
                self._begin()
                record = fetch(
                    Pull(self.layout, self.card, self.key, self.sink, self._pickles_pass, self.trust_remote_code)
                )
        return record

    def _begin(self) -> None:
        """Sweeps what a killed pull left and none can go on with, and says whose pull this is (for ``store list``)."""
        incoming = self.layout.incoming / self.key
        shutil.rmtree(incoming / "scratch", ignore_errors=True)
        for unfinished in incoming.rglob("*.incomplete"):
            unfinished.unlink(missing_ok=True)  # huggingface_hub resumes between files, not within one
        sweep(self.layout.models / self.key)
        incoming.mkdir(parents=True, exist_ok=True)
        about = {"model": self.card.id, "licence": self.card.licence}
        write_atomic(incoming / "about.json", json.dumps(about).encode())

    def _clear_up(self) -> None:
        """Removes what a pull left that was killed after its last step, unless another process is at work there."""
        incoming = self.layout.incoming / self.key
        if incoming.exists():
            with suppress(StoreError, OSError), self.layout.locked(self.key, self.sink, waiting=None):
                shutil.rmtree(incoming, ignore_errors=True)

    def _named(self, files: list[str]) -> str:
        return f"{self.card.id}: {', '.join(map(repr, files))}"

    def _path(self, name: str) -> Path:
        return self.layout.models / self.key / "files" / name


def _hash_holds(path: Path, file: StoredFile) -> bool:
    try:
        return path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except OSError:
        return False
