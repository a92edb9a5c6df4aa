"""Installs and removes packages with the installer that the user has: this environment's pip, else uv."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .._version import __version__
from ..contract.errors import AigcError
from ..store.installers import find_uv, pip_elsewhere


@dataclass(frozen=True, slots=True)
class Packages:
    """An installer for one environment.

    Attributes:
        name: for messages. install, uninstall: the commands, before their arguments.
    """

    name: str
    install_command: tuple[str, ...]
    uninstall_command: tuple[str, ...]

    def install(self, requirements: Sequence[str], *, upgrade: bool = False) -> None:
        """Installs; blocks until done. If it fails, what the installer says goes to standard error.

        aigc-sdk itself stays as it is: the distribution of that name on PyPI is another project, and a plugin that asks
        for another version must not replace the one that runs.

        Raises:
            AigcError: it failed; the installer has said why.
        """
        offline = os.environ.get("AIGC_OFFLINE", "").lower() in ("1", "true")
        options = (["--upgrade"] if upgrade else []) + (["--no-index"] if offline else [])
        with tempfile.TemporaryDirectory(prefix="aigc-constraint-") as folder:
            constraint = Path(folder) / "aigc-sdk.txt"
            constraint.write_text(f"aigc-sdk=={__version__}\n", "utf-8")
            self._run([*self.install_command, *options, "--constraint", str(constraint), *requirements], "install")

    def uninstall(self, names: Sequence[str]) -> None:
        """Removes distributions, not what they depended on. Raises as :meth:`install`."""
        self._run([*self.uninstall_command, *names], "remove")

    def _run(self, command: list[str], what: str) -> None:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            print(done.stdout.decode(errors="replace").strip(), file=sys.stderr)
            raise AigcError(f"{self.name} could not {what} it", fix="see what it says above")


def packages_of(python: str = sys.executable) -> Packages:
    """The installer for the environment of an interpreter, which is this one unless said otherwise.

    Raises:
        AigcError: neither pip nor uv is there.
    """
    if importlib.util.find_spec("pip") is not None:
        # -P: a file pip.py in the current folder must not be run.
        return _pip((sys.executable, "-P", "-m", "pip"), python)
    if uv := find_uv():
        options = ("--no-progress", "--python", python)
        return Packages("uv", (uv, "pip", "install", *options), (uv, "pip", "uninstall", *options))
    for other in pip_elsewhere(sys.executable):
        return _pip(other.command[:-1], python, elsewhere=True)
    fix = f"{sys.executable} -m ensurepip, or install uv (https://docs.astral.sh/uv)"
    raise AigcError("there is neither pip nor uv to install with", fix=fix)


def _pip(pip: tuple[str, ...], python: str, *, elsewhere: bool = False) -> Packages:
    if elsewhere or python != sys.executable:
        pip = (*pip, "--python", python)
    options = ("--disable-pip-version-check", "--no-input", "--root-user-action=ignore")
    install = (*pip, "install", "--progress-bar=off", *options)
    return Packages("pip", install, (*pip, "uninstall", "--yes", *options))
