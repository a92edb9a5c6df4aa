"""One file of a model in the making: made of one or several parts, each checked against its pin as it arrives."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ..contract.errors import HashMismatch
from ..contract.manifest import SourceFile

_CHUNK = 1 << 20


class Assembly:
    """Appends parts to ``path``. What a killed pull left there is kept, up to the last part that verifies.

    Args:
        path: the unfinished file. parts: in the order they are joined; all must be pinned.
    """

    def __init__(self, path: Path, parts: Sequence[SourceFile]) -> None:
        self.path = path
        self._parts = list(parts)
        self._whole = hashlib.sha256()
        self._size = 0
        self._done = 0
        self._resume()

    @property
    def complete(self) -> bool:
        """True once all parts are there."""
        return self._done == len(self._parts)

    @property
    def sha256(self) -> str:
        """Digest of what is there so far."""
        return self._whole.hexdigest()

    def lacks(self, part: SourceFile) -> bool:
        """True if ``part`` is not there yet."""
        return any(waiting is part for waiting in self._parts[self._done :])

    def append(self, part: SourceFile, stream: IO[bytes], origin: str) -> None:
        """Appends the next part.

        Raises:
            HashMismatch: its bytes are not the pinned ones; the file is as it was before.
        """
        own = hashlib.sha256()
        whole = self._whole.copy()
        size = 0
        with self.path.open("r+b" if self.path.exists() else "wb") as out:
            out.seek(self._size)
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if part.size is not None and size > part.size:
                    break  # longer than promised: whatever follows cannot make it right
                own.update(chunk)
                whole.update(chunk)
                out.write(chunk)
            if own.hexdigest() != part.sha256 or (part.size is not None and size != part.size):
                out.truncate(self._size)
                raise HashMismatch(
                    f"{origin}: {part.path!r} has not the bytes that this version of the model was pinned to"
                    f" (sha256 {own.hexdigest()[:12]}..., {size:,} bytes;"
                    f" pinned {str(part.sha256)[:12]}...{f', {part.size:,} bytes' if part.size else ''})",
                    fix="the index or mirror served something else, or the download broke: try again, check the mirror",
                )
            out.truncate()
        self._whole = whole
        self._size += size
        self._done += 1

    def _resume(self) -> None:
        """Keeps the leading parts that are whole and right, cuts off the rest."""
        if not self.path.exists():
            return
        with self.path.open("r+b") as file:
            for part in self._parts:
                whole = self._whole.copy()
                if part.size is None or not _matches(file, part, part.size, whole):
                    break
                self._whole = whole
                self._size += part.size
                self._done += 1
            file.truncate(self._size)


def _matches(file: IO[bytes], part: SourceFile, size: int, whole: hashlib._Hash) -> bool:
    own = hashlib.sha256()
    while size and (chunk := file.read(min(_CHUNK, size))):
        own.update(chunk)
        whole.update(chunk)
        size -= len(chunk)
    return size == 0 and own.hexdigest() == part.sha256
