"""Where things lie in the store, how they are written so that a kill leaves nothing half, and what disk errors mean.

::

    store/blobs/ab/abcdef...          a file's bytes, named by their sha256; read-only
    store/models/KEY/files/           the model's folder: hard links to blobs
    store/models/KEY/record.json      what it holds; written last, so a folder without it is not complete
    store/models/KEY/used             touched at each load
    store/conversions/KEY-DIGEST/NAME a plugin's conversion, with NAME.json written last
    store/incoming/KEY/               a pull in the making; belongs to whoever holds the model's lock
    store/damaged/                    files that failed their hash, until they have been fetched again
    store/locks/, store/licences.json
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ..contract.artifacts import write_atomic
from ..contract.errors import InvalidRequest, StoreError
from ..contract.manifest import ModelCard
from ..contract.model import Closed
from .progress import ProgressSink

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


class StoredFile(Closed):
    """A file as it was when its hash was last checked."""

    sha256: str
    size: int
    mtime_ns: int


class Record(Closed):
    """What a complete model folder holds.

    Attributes:
        folder: the folder itself, for ``file:`` sources, which are used in place.
        info: for ``hf:`` sources, what the hub said (the fields of SourceInfo), so that it need not be asked again.
    """

    model: str
    licence: str
    licence_url: str = ""
    sources: tuple[str, ...]
    files: dict[str, StoredFile]
    folder: str | None = None
    info: dict[str, Any] = {}


class Layout:
    """The store's folders. Creates nothing until something is written."""

    def __init__(self, home: Path) -> None:
        self.root = home.expanduser().absolute() / "store"
        self.models = self.root / "models"
        self.conversions = self.root / "conversions"
        self.incoming = self.root / "incoming"
        self.damaged = self.root / "damaged"
        self.licences = self.root / "licences.json"

    def blob(self, sha256: str) -> Path:
        """Where the bytes with this digest lie."""
        return self.root / "blobs" / sha256[:2] / sha256

    def record(self, key: str) -> Record | None:
        """The record of a complete model; None if there is none, or none that can be read."""
        try:
            return Record(**json.loads((self.models / key / "record.json").read_bytes()))
        except (OSError, ValueError, TypeError, ValidationError, InvalidRequest):
            return None

    def write_record(self, key: str, record: Record) -> None:
        """Publishes a model: from here on it is complete."""
        folder = self.models / key
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "record.json", record.model_dump_json(indent=1).encode())

    def records(self) -> dict[str, Record]:
        """All complete models, by key."""
        keys = sorted(path.parent.name for path in self.models.glob("*/record.json"))
        return {key: record for key in keys if (record := self.record(key)) is not None}

    def folder(self, key: str, record: Record) -> Path:
        """The folder that a loader gets."""
        return Path(record.folder) if record.folder else self.models / key / "files"

    @contextmanager
    def locked(self, name: str, sink: ProgressSink, waiting: str | None) -> Iterator[None]:
        """Holds a lock that other processes and threads respect.

        Args:
            waiting: what to say if it is not free at once; None is not to wait, but to raise StoreError.
        """
        with disk_errors(self.root):
            folder = self.root / "locks"
            folder.mkdir(parents=True, exist_ok=True)
            # Not shared between threads: two threads that pull the same model must wait for each other too.
            lock = FileLock(folder / f"{name}.lock", thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if waiting is None:
                    raise StoreError(f"another process is at work on {name}") from None
                sink.note(waiting)
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def publishing(self, sink: ProgressSink) -> Any:
        """The lock under which blobs appear and disappear; held for moments only."""
        return self.locked("publish", sink, "waiting for another process that is changing the store")


def key_of(card: ModelCard, *, trust_remote_code: bool = False) -> str:
    """Names a model's folder: readable, and different whenever the sources or what is taken from them differ."""
    pins = [[source.uri, [[f.path, f.name, f.sha256] for f in source.files]] for source in card.sources]
    code = ["with code"] if trust_remote_code else []
    digest = hashlib.sha256(json.dumps([card.id, card.format, pins, *code]).encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", card.id)[-60:].strip("._-")
    return f"{readable or 'model'}-{digest}"


def inside(folder: Path, name: str) -> Path:
    """``folder/name``. Raises StoreError if that lies elsewhere (``..``, an absolute path, a drive letter)."""
    path = folder / name
    if not name or "\0" in name or not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)):
        raise StoreError(f"the file name {name!r} leads out of its folder; nothing was written")
    return path


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seen(path: Path, sha256: str) -> StoredFile:
    """What to remember of a file whose hash was just checked."""
    status = path.stat()
    return StoredFile(sha256=sha256, size=status.st_size, mtime_ns=status.st_mtime_ns)


def unchanged(path: Path, file: StoredFile) -> bool:
    """True if size and time are those of the moment when the hash was checked. Costs microseconds, not a re-hash."""
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_size == file.size and status.st_mtime_ns == file.mtime_ns


def link(blob: Path, target: Path) -> None:
    """Makes ``target`` show ``blob``: a hard link, else a symbolic link, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.link")
    temporary.unlink(missing_ok=True)
    try:
        os.link(blob, temporary)
    except OSError as error:
        if error.errno in FULL | {errno.EROFS, errno.ENOENT}:
            raise
        try:
            temporary.symlink_to(os.path.relpath(blob, target.parent))
        except OSError:
            shutil.copy2(blob, temporary)
    temporary.replace(target)
    temporary.unlink(missing_ok=True)  # renaming a link over another link to the same file does nothing at all


def sweep(folder: Path) -> None:
    """Removes temporary files that a killed process left beside what it wrote. The caller holds the lock of that."""
    for pattern in (".*.partial", ".*.link"):
        for path in folder.rglob(pattern):
            path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Waits until a file's or folder's bytes are on the disk."""
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(layout: Layout, file: Path, sha256: str, target: Path) -> None:
    """Moves a finished file to its blob and links it into a model's folder. Call it with ``publishing()`` held."""
    sync(file)
    if os.name != "nt":  # Windows neither renames nor removes a read-only file
        file.chmod(0o444)
    blob = layout.blob(sha256)
    blob.parent.mkdir(parents=True, exist_ok=True)
    file.replace(blob)
    with suppress(OSError):  # some file systems do not sync folders
        sync(blob.parent)
    link(blob, target)


@contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turns errors of the disk into errors of the tree, with what to do."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, root) from error


def disk_error(error: OSError, root: Path) -> StoreError:
    """What an error of the disk means for a person."""
    if error.errno in FULL:
        return full_disk(root)
    if error.errno in _READ_ONLY:
        return StoreError(
            f"the store at {root} cannot be written ({error.strerror})",
            fix="make it writable, or set AIGC_HOME to a folder that is",
        )
    return StoreError(
        f"the store at {root} cannot be used: {error.strerror or error}",
        fix="check the disk, or set AIGC_HOME to another folder",
    )


def full_disk(root: Path, needed: int | None = None) -> StoreError:
    """The disk is full, or would be."""
    free = shutil.disk_usage(existing(root)).free
    need = f"needs {needed / 1e6:,.0f} MB, " if needed else ""
    return StoreError(
        f"the disk of {root} is full: {need}{free / 1e6:,.0f} MB free",
        fix="free some space (`aigc store list` shows what models take), or set AIGC_HOME to a larger disk",
    )


def existing(path: Path) -> Path:
    """The nearest parent that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def set_aside(layout: Layout, file: Path, sha256: str) -> Path:
    """Moves a damaged file out of the way and says where. Call it with ``publishing()`` held."""
    layout.damaged.mkdir(parents=True, exist_ok=True)
    return file.replace(layout.damaged / sha256)
