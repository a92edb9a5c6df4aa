"""Where a plugin's encoded artifacts lie until they are saved: small ones in memory, long ones in a file."""

from __future__ import annotations

import functools
import itertools
import tempfile
from pathlib import Path
from typing import Any

_numbers = itertools.count()


def new_file(suffix: str) -> Path:
    """A path for an artifact in the making, in a folder that is removed when the process ends.

    Args:
        suffix: without its dot, such as ``mp4``. The file is not there yet; no two calls return the same path.
    """
    return Path(_folder().name) / f"{next(_numbers)}.{suffix}"


def keep_file(path: Path, *, small: int) -> dict[str, Any]:
    """``data`` and ``path`` of an artifact for a finished file.

    Args:
        path: from :func:`new_file`.
        small: up to so many bytes, the file is read into memory and removed.
    """
    if path.stat().st_size > small:
        return {"data": None, "path": path}
    data = path.read_bytes()
    path.unlink()
    return {"data": data, "path": None}


def drop_file(path: Path) -> None:
    """Removes a file that came from :func:`new_file` in this process; leaves any other alone."""
    if path.parent == Path(_folder().name):
        path.unlink(missing_ok=True)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Removed by Python when the process ends."""
    return tempfile.TemporaryDirectory(prefix="aigc-", ignore_cleanup_errors=True)
