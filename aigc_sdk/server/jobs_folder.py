"""Where the files of jobs lie: a folder for each job, named by us, with what came along and what was made.

``in-SHA256`` is a file that came along; ``KEY-ATTEMPT-INDEX.png`` was made, and has its receipt beside it. Two attempts
never write the same file. Several servers may share the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ..contract.artifacts import Artifact, write_atomic
from ..contract.errors import StoreError
from ..contract.spool import drop_file

log = logging.getLogger(__name__)

_ENDINGS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "text/plain": "txt"}
_NAME = re.compile(r"[A-Za-z0-9-]+(\.[a-z0-9]+)?(\.receipt\.json)?")
_COUNT_AGAIN_S = 30.0


class JobFolder:
    """The files of all jobs.

    Args:
        root: made when it is first needed, for this user alone. most_bytes: that all files may take up.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self.root = root
        self._most = most_bytes
        self._counted = (-_COUNT_AGAIN_S, 0)
        self._keeping = threading.Lock()

    # --- writing --------------------------------------------------------------------------------------------------

    def keep_input(self, owner: str, id: str, data: bytes) -> str:
        """Writes a file that came with a job, before the job is queued. Returns its name.

        Raises:
            StoreError: there is no room, or the folder cannot be written.
        """
        name = f"in-{hashlib.sha256(data).hexdigest()}"
        self.require_room(len(data))
        try:
            with self._keeping:  # two clients may send the same file for the same id
                write_atomic(self._made(owner, id) / name, data)
        except OSError as error:
            raise _trouble(error) from None
        return name

    def keep_result(self, owner: str, id: str, stem: str, artifact: Artifact) -> str:
        """Saves what was made, with its receipt. Returns its name.

        Args:
            stem: of the name: ``KEY-ATTEMPT-INDEX``.

        Raises:
            StoreError: there is no room, or the folder cannot be written.
        """
        path: Path | None = getattr(artifact, "path", None)
        try:
            self.require_room(path.stat().st_size if path is not None else len(artifact.content()))
            return artifact.save(self._made(owner, id) / f"{stem}.{_ending(artifact.media_type)}").name
        except OSError as error:
            raise _trouble(error) from None
        finally:
            if path is not None:
                drop_file(path)  # the plugin's own; nobody else will ask for it

    def require_room(self, size: int) -> None:
        """Raises StoreError if so many bytes more are too many."""
        when, used = self._counted
        if time.monotonic() - when > _COUNT_AGAIN_S:
            when, used = time.monotonic(), sum(_size(file) for file in self._files())
        if used + size > self._most:
            self._counted = (-_COUNT_AGAIN_S, 0)  # to be counted anew: others may have deleted some
            what = f"the files of jobs take up their {self._most:,} bytes"
            raise StoreError(what, fix="delete some jobs, or wait until they expire")
        self._counted = (when, used + size)

    # --- reading and removing -------------------------------------------------------------------------------------

    def path(self, owner: str, id: str, name: str) -> Path:
        """Where a file is. Raises StoreError if it is not there any more."""
        path = self._of(owner, id) / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise StoreError("a file of this job is gone", fix="ask for the job again")
        return path

    def drop_results(self, owner: str, id: str, stem: str) -> None:
        """Removes what was made for a job, where names begin with ``stem``, and the folder if nothing is left."""
        self._drop(self._of(owner, id), [*self._of(owner, id).glob(f"{stem}-*")])

    def drop_job(self, owner: str, id: str, key: int, ended: datetime | None = None) -> None:
        """Removes what belongs to a job.

        Args:
            ended: the job was removed from the queue before: what came along later belongs to a new job of its id.
        """
        place = self._of(owner, id)
        later = time.time() if ended is None else ended.timestamp()
        came = [path for path in place.glob("in-*") if _modified(path) <= later]
        self._drop(place, [*came, *place.glob(f"{key}-*")])

    def _drop(self, place: Path, files: list[Path]) -> None:
        for file in files:
            when, used = self._counted
            self._counted = (when, max(0, used - _size(file)))
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another job's files are in it, or it never was there
            place.rmdir()

    def _files(self) -> Iterator[Path]:
        return self.root.glob("*/*")

    def _of(self, owner: str, id: str) -> Path:
        named = hashlib.sha256(f"{owner}\0{id}".encode("utf-8", "replace")).hexdigest()
        return self.root / named[:32]

    def _made(self, owner: str, id: str) -> Path:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._of(owner, id)
        place.mkdir(exist_ok=True, mode=0o700)
        return place


def _ending(media_type: str) -> str:
    kind = media_type.partition(";")[0].strip()
    found = _ENDINGS.get(kind) or kind.partition("/")[2]
    return found if found.isalnum() and found.islower() else "bin"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # removed meanwhile


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _trouble(error: OSError) -> StoreError:
    return StoreError(f"files of jobs cannot be kept: {error.strerror or type(error).__name__}")
