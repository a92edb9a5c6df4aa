"""Files and folders that are written whole or not at all, and what a full disk means for a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..contract import artifacts
from ..contract.errors import StoreError
from ..store.layout import FULL


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """:func:`aigc_sdk.contract.artifacts.replacing`, in a folder that is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with artifacts.replacing(path) as file:
        yield file


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` to write into; it takes its place when the block ends well, and goes if it does not.

    Between the removal of an old ``folder`` and the new one's appearance there is none, for a moment.
    """
    scratch = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        shutil.rmtree(folder, ignore_errors=True)
        scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Turns a disk that is full into an error that says so. What was finished before is kept.

    torch's and safetensors' writers hide the system's error in one of their own; the free space tells.
    """
    try:
        yield
    except Exception as error:
        number = getattr(error, "errno", None) or getattr(error.__context__, "errno", None)
        hidden = type(error).__name__ in ("SafetensorError", "RuntimeError") and "No space left" in str(error)
        if number in FULL or hidden:
            free = shutil.disk_usage(folder).free if folder.exists() else 0
            raise StoreError(
                f"the disk of {folder} is full ({free / 1e6:,.0f} MB free)",
                fix="free some space and give the same command again: the run goes on from its last checkpoint",
            ) from error
        raise
