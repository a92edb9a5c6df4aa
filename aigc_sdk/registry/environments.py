"""Environments of isolated plugins: ``$AIGC_HOME/environments/NAME``, one for each distribution.

``plugins.json`` in it holds the manifests that its own interpreter has read, so that nothing of it has to be started to
know what it offers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._version import __version__
from ..contract.errors import AigcError, BrokenPlugin
from ..contract.manifest import Manifest
from ..settings import home
from .lock import Package, canonical, requirement_of
from .plugins import PluginInfo

DESCRIPTION = "plugins.json"


def environments() -> Path:
    """The folder that holds the environments."""
    return home() / "environments"


def python_of(environment: Path) -> Path:
    """The interpreter of an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def isolated_plugins(disabled: frozenset[str]) -> Iterator[PluginInfo[Manifest]]:
    """The plugins of all environments. What is wrong with one is kept in its ``error``; nothing is raised."""
    for environment, plugins, sdk in _described():
        for about in plugins:
            yield _info(about, environment, sdk, disabled)


def isolated_packages() -> dict[str, Package]:
    """The distributions of all environments, by canonical name."""
    found: dict[str, Package] = {}
    for environment, plugins, _ in _described():
        names = tuple(str(about.get("name", "")) for about in plugins)
        about = plugins[0] if plugins else {}
        name, version = str(about.get("distribution", environment.name)), str(about.get("version", ""))
        requirement = requirement_of(name, version, str(about.get("origin", "")))
        found[canonical(name)] = Package(name, version, requirement, names, isolated=True)
    return found


def _described() -> Iterator[tuple[Path, list[dict[str, Any]], str]]:
    """Each environment, what it says of its plugins, and its version of aigc-sdk."""
    for description in sorted(environments().glob(f"[!.]*/{DESCRIPTION}")):
        environment = description.parent
        try:
            found = json.loads(description.read_text("utf-8"))
            yield environment, [dict(about) for about in found["plugins"]], str(found["sdk"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            broken = {"name": environment.name, "distribution": environment.name}
            yield environment, [{**broken, "error": f"cannot read {description}: {error}"}], ""


def _info(about: dict[str, Any], environment: Path, sdk: str, disabled: frozenset[str]) -> PluginInfo[Manifest]:
    name, distribution = str(about.get("name", "")), str(about.get("distribution", ""))
    info: PluginInfo[Manifest] = PluginInfo(name, str(about.get("version", "")), distribution)
    info.python = str(python_of(environment))
    info.disabled = name in disabled
    try:
        info.manifest = _manifest(about, environment, sdk)
    except AigcError as error:
        info.error = error
        error.plugin = name
        error.fix = f"aigc plugins install --isolated {distribution}, or aigc plugins remove {distribution}"
        return info
    info.name, info.version = info.manifest.name, info.manifest.version
    info.disabled = info.disabled or info.name in disabled
    return info


def _manifest(about: dict[str, Any], environment: Path, sdk: str) -> Manifest:
    """The manifest as this process is to see it: its libraries are there, in their own environment."""
    if "error" in about:
        raise BrokenPlugin(str(about["error"]))
    if sdk != __version__:
        raise BrokenPlugin(f"its environment has aigc-sdk {sdk}, and this is {__version__}")
    if not python_of(environment).exists():
        raise BrokenPlugin(f"its environment has lost its interpreter, {python_of(environment)}")
    manifest = Manifest(**about["manifest"])
    runners = tuple(spec.model_copy(update={"requires": ()}) for spec in manifest.runners)
    # A resolver would have to run here; an isolated plugin serves the models that it lists.
    return manifest.model_copy(update={"runners": runners, "resolver": None, "isolation": "venv"})
