"""Virtual environments that see this one's packages, into which a test installs its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path


class Venv:
    """A fresh environment stacked on the running one."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"
        site = Path(self.run_python("-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
        parent = sysconfig.get_paths()["purelib"]
        # addsitedir also reads the parent's .pth files, through which an editable checkout is found.
        (site / "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n")

    def install(self, *wheels: Path) -> None:
        """Installs wheels with pip, without their dependencies and without an index."""
        command = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.python),
            "install",
            "-q",
            "--no-deps",
            "--no-index",
        ]
        subprocess.run([*command, *map(str, wheels)], check=True, capture_output=True, text=True)

    def run_python(self, *arguments: str, **environment: str) -> str:
        """Runs Python in the environment; returns its standard output. Raises if it fails."""
        return self.try_python(*arguments, check=True, **environment).stdout

    def try_python(self, *arguments: str, check: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs Python in the environment, whatever it returns."""
        return subprocess.run(
            [str(self.python), *arguments],
            check=check,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            timeout=120,
        )
