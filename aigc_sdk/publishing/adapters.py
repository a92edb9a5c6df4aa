"""Opens an adapter by the name of its target."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..contract.adapter import Adapter, AdapterManifest
from ..contract.errors import (
    AdapterError,
    AigcError,
    InvalidRequest,
    MissingExtra,
    UnknownPlugin,
    did_you_mean,
    first_line,
)
from ..registry.plugins import PluginInfo, missing_modules
from ..registry.registry import load_attribute
from . import secrets

if TYPE_CHECKING:
    from ..registry import Registry
    from ..settings import Settings


def targets(settings: Settings, registry: Registry) -> dict[str, str]:
    """The adapter of each target: those of the settings, and every installed adapter under its own name."""
    found = {info.name: info.name for info in registry.adapters()}
    return found | {name: about.get("adapter", name) for name, about in settings.targets.items()}


def manifest_of(target: str, settings: Settings, registry: Registry) -> AdapterManifest:
    """The manifest of a target's adapter.

    Raises:
        UnknownPlugin: no such target. BrokenPlugin: the adapter is set aside. MissingExtra: its libraries are missing.
    """
    known = targets(settings, registry)
    if target not in known:
        raise UnknownPlugin(f"no adapter or target {target!r}", fix=did_you_mean(target, known))
    info = _info(known[target], registry)
    if info.error is not None:
        raise info.error
    if info.disabled or info.manifest is None:
        raise UnknownPlugin(f"adapter {info.name!r} is switched off", fix=f"aigc plugins enable {info.name}")
    if lacking := missing_modules(info.manifest):
        raise MissingExtra(info.manifest.extra or "all", lacking, plugin=info.name)
    return info.manifest


def _info(name: str, registry: Registry) -> PluginInfo[AdapterManifest]:
    by_name = {info.name: info for info in registry.adapters()}
    if name not in by_name:
        raise UnknownPlugin(f"no adapter {name!r} is installed", fix=did_you_mean(name, by_name))
    return by_name[name]


def open_adapter(
    target: str,
    settings: Settings,
    registry: Registry,
    *,
    complete: bool = True,
    overrides: Mapping[str, str] | None = None,
) -> Adapter:
    """The adapter of a target, ready to be asked.

    Args:
        complete: refuse missing credentials; without, it can only ``prepare``.
        overrides: settings (no secrets) that go before the environment and those of the target.

    Raises:
        InvalidRequest: credentials are missing or wrong. And what :func:`manifest_of` raises.
    """
    manifest = manifest_of(target, settings, registry)
    given = {name: value for name, value in settings.targets.get(target, {}).items() if name != "adapter"}
    credentials = secrets.resolve(target, manifest, given, complete=complete, overrides=overrides)
    factory = load_attribute(manifest.factory, manifest.name)
    with guarded(manifest.name):
        adapter: Adapter = factory(credentials)
    return adapter


@contextlib.contextmanager
def guarded(adapter: str) -> Iterator[None]:
    """What an adapter raises leaves as an error of our tree that names it, without secrets."""
    try:
        yield
    except AigcError as error:
        error.plugin = error.plugin or adapter
        error.what = secrets.scrub(error.what)
        error.fix = secrets.scrub(error.fix) if error.fix else None
        error.args = (error.what,)
        raise
    except Exception as error:
        said = secrets.scrub(first_line(error))
        what = f"failed: {type(error).__name__}: {said}"
        raise AdapterError(what, plugin=adapter, fix="AIGC_DEBUG=1 shows where") from error


def check_state(manifest: AdapterManifest, state: str) -> None:
    """Raises InvalidRequest for a state that the adapter cannot publish in."""
    if state not in manifest.states:
        what = f"{manifest.system} cannot publish as {state!r}"
        raise InvalidRequest(what, plugin=manifest.name, fix="one of " + ", ".join(manifest.states))
