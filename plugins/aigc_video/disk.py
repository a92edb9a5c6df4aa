"""Errors of the disk, in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from aigc_sdk.contract.errors import AigcError


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Turns what FFmpeg says while a clip is written into an error of our tree.

    Raises:
        AigcError: the disk is full, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise AigcError(
            f"the clip cannot be written to {path.parent}: {error.strerror or error}",
            plugin="video",
            fix="free some space there, or set TMPDIR to a folder on a larger disk",
        ) from error
