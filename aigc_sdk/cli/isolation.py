"""Makes and removes the environments of isolated plugins."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from importlib.metadata import requires
from pathlib import Path

import aigc_sdk

from .._version import __version__
from ..contract.errors import AigcError, InvalidRequest
from ..registry.environments import DESCRIPTION, environments, python_of
from ..registry.lock import canonical
from .packages import packages_of

_NEEDED = {"pydantic", "pluggy"}
"""Of aigc-sdk's dependencies, those of the contract: a plugin's environment needs no other."""


def install_isolated(requirements: Sequence[str]) -> str:
    """Installs a plugin into a new environment, which replaces the one it had. Returns its distribution's name.

    Raises:
        InvalidRequest: what was installed brings no plugin. AigcError: it cannot be installed. Nothing is left then.
    """
    try:
        environments().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=environments(), ignore_cleanup_errors=True) as scratch:
            environment = Path(scratch) / "environment"
            venv.create(environment, with_pip=False, symlinks=os.name != "nt")
            wheel = own_wheel(Path(scratch))
            packages_of(str(python_of(environment))).install([str(wheel), *requirements])
            name = _describe(environment)
            _replace(environments() / canonical(name), environment, Path(scratch) / "old")
    except OSError as error:
        raise AigcError(f"cannot make an environment in {environments()}: {error.strerror}") from None
    return name


def remove_isolated(name: str) -> None:
    """Removes the environment of a distribution. Raises AigcError if its files cannot be removed."""
    try:
        shutil.rmtree(environments() / canonical(name))
    except OSError as error:
        raise AigcError(f"cannot remove {error.filename}: {error.strerror}") from None


def _replace(target: Path, fresh: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    fresh.rename(target)


def _describe(environment: Path) -> str:
    """Lets the environment say what plugins it has. Returns the name of their distribution."""
    description = environment / DESCRIPTION
    command = [str(python_of(environment)), "-I", "-m", "aigc_sdk.engine.worker", "--describe", str(description)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise AigcError(f"the environment does not work: {done.stdout.decode(errors='replace').strip()[-300:]}")
    plugins = json.loads(description.read_text("utf-8"))["plugins"]
    names = sorted({str(plugin["distribution"]) for plugin in plugins})
    if len(names) != 1:
        what = f"brings plugins of {', '.join(names)}" if names else "brings no plugin"
        raise InvalidRequest(f"what was to be installed {what}", fix="one plugin package for each environment")
    return names[0]


def own_wheel(folder: Path) -> Path:
    """This aigc-sdk as a wheel, with the dependencies of its contract only.

    From an index it could not be had: the distribution called aigc-sdk on PyPI is another project.
    """
    package = Path(aigc_sdk.__file__).parent
    info = f"aigc_sdk-{__version__}.dist-info"
    needed = [r for r in requires("aigc-sdk") or () if re.split(r"[^\w.-]", r)[0].lower() in _NEEDED]
    metadata = "".join(f"Requires-Dist: {requirement}\n" for requirement in needed)
    content = {
        f"aigc_sdk/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: aigc-sdk\nVersion: {__version__}\n{metadata}".encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: aigc-sdk\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = folder / f"aigc_sdk-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return wheel


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
