"""What is downloaded and unpacked once, into a folder outside the repository."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.servers.processes import run


def folder() -> Path:
    """Where programs are kept: ``AIGC_SERVERS``, or ``~/.cache/aigc-sdk-servers``."""
    return Path(os.environ.get("AIGC_SERVERS") or Path.home() / ".cache" / "aigc-sdk-servers").expanduser().resolve()


def once(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache, filled by ``fill(folder)`` unless an earlier run finished that.

    ``name`` has the version in it, so that another version is another folder. Two processes do not fill it at once.
    """
    place = folder() / name
    complete = place / ".complete"
    if complete.exists():
        return place
    folder().mkdir(parents=True, exist_ok=True)
    with FileLock(folder() / f"{name}.lock"):
        if not complete.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            fill(place)
            complete.touch()
    return place


def python_packages(name: str, *requirements: str) -> Path:
    """An environment of its own with these packages, in the cache as ``name``. Returns its folder of programs."""

    def fill(place: Path) -> None:
        log = place / "uv.log"
        uv = [sys.executable, "-m", "uv"]
        run([*uv, "venv", "--python", sys.executable, place / "venv"], log)
        run([*uv, "pip", "install", "--python", place / "venv/bin/python", *requirements], log)

    return once(name, fill) / "venv" / "bin"
