"""One installed plugin, adapter or hook package, and how it is read without trusting it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from ..contract.adapter import AdapterManifest
from ..contract.errors import AigcError, BrokenPlugin, MissingExtra, first_line
from ..contract.manifest import Manifest, RunnerSpec

PLUGINS = "aigc_sdk.plugins"
ADAPTERS = "aigc_sdk.adapters"
HOOKS = "aigc_sdk.hooks"

State = Literal["ok", "quarantined", "disabled"]
M = TypeVar("M", Manifest, AdapterManifest)


@dataclass(slots=True)
class PluginInfo(Generic[M]):
    """What is known about one entry point.

    Attributes:
        name: the manifest's name, or the entry point's if the manifest could not be read.
        distribution: the installed distribution it came from; empty for one that was added by code.
        error: why it is quarantined.
        python: the interpreter of the environment that it runs in; None is this one.
    """

    name: str
    version: str
    distribution: str
    manifest: M | None = None
    error: AigcError | None = None
    disabled: bool = False
    python: str | None = None

    @property
    def state(self) -> State:
        return "disabled" if self.disabled else "quarantined" if self.error else "ok"

    @property
    def reason(self) -> str:
        return self.error.what if self.error else ""

    @property
    def fix(self) -> str:
        return (self.error.fix or "") if self.error else ""


def entry_points(group: str) -> list[importlib.metadata.EntryPoint]:
    """The group's entry points, the project's own first, then by distribution and name."""
    found = importlib.metadata.entry_points(group=group)
    return sorted(found, key=lambda e: (distribution(e) != "aigc-sdk", distribution(e), e.name))


def distribution(entry: importlib.metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else ""


def read(entry: importlib.metadata.EntryPoint, kind: type[M], disabled: frozenset[str]) -> PluginInfo[M]:
    """Reads the entry point's manifest. Whatever goes wrong is kept in ``error``; nothing is raised."""
    version = entry.dist.version if entry.dist else ""
    info: PluginInfo[M] = PluginInfo(entry.name, version, distribution(entry), disabled=entry.name in disabled)
    if info.disabled:
        return info
    try:
        info.manifest = _manifest(entry, kind)
    except AigcError as error:
        info.error = error
        error.plugin = entry.name
        error.fix = error.fix or _removal(entry)
        return info
    info.name, info.version = info.manifest.name, info.manifest.version
    info.disabled = info.name in disabled
    if getattr(info.manifest, "isolation", "none") == "venv":
        fix = f"pip uninstall {info.distribution}; aigc plugins install --isolated {info.distribution}"
        info.error = BrokenPlugin("it asks for an environment of its own", plugin=info.name, fix=fix)
    return info


def _manifest(entry: importlib.metadata.EntryPoint, kind: type[M]) -> M:
    value = load_object(entry, entry.name)
    if not isinstance(value, kind):
        raise BrokenPlugin(f"its entry point {entry.value!r} is {_named(value)}, not a {kind.__name__}")
    return value


def load_object(entry: importlib.metadata.EntryPoint, plugin: str) -> Any:
    """Imports what the entry point names.

    Raises:
        BrokenPlugin: whatever the import raised, even SystemExit; one plugin must not take the others along.
    """
    try:
        return entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = f"cannot be imported: {type(error).__name__}: {first_line(error)}"
        raise BrokenPlugin(what, plugin=plugin, fix=_removal(entry)) from error


def _removal(entry: importlib.metadata.EntryPoint) -> str:
    name = distribution(entry)
    remove = f"pip install --upgrade {name}, or pip uninstall {name}, or " if name else ""
    return f"{remove}aigc plugins disable {entry.name}"


def _named(value: object) -> str:
    return f"a {type(value).__name__}"


def missing_modules(spec: RunnerSpec | AdapterManifest) -> list[str]:
    """Import names of a runner's or adapter's libraries that are not installed (nothing is imported to find out)."""
    return [name for name in spec.requires if not _installed(name)]


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def unmet_extra(manifest: Manifest) -> MissingExtra | None:
    """The error to show if not one of the plugin's runners can run for want of libraries."""
    lacking = [(spec, missing_modules(spec)) for spec in manifest.runners]
    if any(not modules for _, modules in lacking):
        return None
    spec, modules = lacking[0]
    return MissingExtra(spec.extra or manifest.modality, modules, plugin=manifest.name, install=spec.install)
