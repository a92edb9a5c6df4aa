"""Programs of Debian: libraries and interpreters are installed with apt, servers only unpacked into the cache."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from filelock import FileLock

from tests.servers.cache import folder
from tests.servers.processes import ServerError, run


def need(*packages: str) -> None:
    """Installs Debian packages that are missing. Raises ServerError that names them where this user may not."""
    with _apt_lock():
        missing = [package for package in packages if not _is_installed(package)]
        if not missing:
            return
        names = " ".join(missing)
        if not shutil.which("apt-get"):
            raise ServerError(f"The servers need Debian or a relative: there is no apt-get here to get {names}.")
        if os.geteuid() != 0:
            raise ServerError(f"Missing Debian packages. As root:  apt-get install --no-install-recommends {names}")
        _update_lists()
        _apt("install", "--yes", "--no-install-recommends", *missing)


def unpack(into: Path, *packages: str) -> None:
    """Downloads Debian packages and unpacks them without installing: no daemon of theirs is set up, no root needed."""
    with _apt_lock():
        _update_lists()
        # apt as root downloads as a user who may not write here; the option makes that root.
        _apt("download", "-o", "APT::Sandbox::User=root", *packages, cwd=into)
    for archive in into.glob("*.deb"):
        run(["dpkg-deb", "-x", archive, into], into / "unpack.log")
        archive.unlink()


def _apt_lock() -> FileLock:
    folder().mkdir(parents=True, exist_ok=True)
    return FileLock(folder() / "apt.lock")


def _is_installed(package: str) -> bool:
    status = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    if not shutil.which("dpkg-query"):
        return False
    return subprocess.run(status, capture_output=True, text=True).stdout.strip() == "installed"


@cache
def _update_lists() -> None:
    """A fresh machine has no lists of packages, or old ones whose files the mirror has no more."""
    if os.geteuid() == 0:
        # A source that does not answer may not be one that is needed: then the installation works, or tells.
        with contextlib.suppress(ServerError):
            _apt("update")


def _apt(*arguments: str, cwd: Path | None = None) -> None:
    # Not under the guard: a package half set up is worse than an apt that outlives an interrupted run.
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise ServerError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
