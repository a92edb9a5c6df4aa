"""Where clips lie until they are saved: small ones in memory, long ones in a file that ends with the process."""

from __future__ import annotations

import functools
import itertools
import tempfile
from pathlib import Path
from typing import Any

SMALL = 16_000_000
"""Bytes up to which a clip is kept in memory."""

_numbers = itertools.count()


def new_file(suffix: str) -> Path:
    """A path in a folder of this process; the file is not there yet."""
    return Path(_folder().name) / f"{next(_numbers)}.{suffix}"


def keep(path: Path) -> dict[str, Any]:
    """``data`` and ``path`` of an artifact for a finished file; a small one is read and removed."""
    if path.stat().st_size > SMALL:
        return {"data": None, "path": path}
    data = path.read_bytes()
    path.unlink()
    return {"data": data, "path": None}


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Removed by Python when the process ends."""
    return tempfile.TemporaryDirectory(prefix="aigc-video-", ignore_cleanup_errors=True)
