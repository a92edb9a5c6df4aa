"""Puts something between the engine and a plugin's loaders without the engine or the plugin knowing."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ..contract.manifest import Manifest, ModelCard, RunnerSpec
from ..contract.plan import Plan
from ..contract.runner import Loader, ModelFiles, Runner
from ..engine.isolated import loader_of
from ..registry import PluginInfo

Wrap = Callable[[Callable[[ModelFiles], Runner], ModelFiles], Runner]
"""Gets a function that calls the plugin's loader, and the model's files; returns the runner that the engine gets."""

_loaders: dict[str, Loader] = {}
_numbers = itertools.count()


def interposed(info: PluginInfo[Manifest], manifest: Manifest, wrap: Wrap) -> Manifest:
    """A plugin's manifest with loaders that go through ``wrap``. Imports nothing of the plugin until it is loaded."""
    specs = tuple(spec.model_copy(update={"loader": _path(info, spec, wrap)}) for spec in manifest.runners)
    return manifest.model_copy(update={"runners": specs})


def _path(info: PluginInfo[Manifest], spec: RunnerSpec, wrap: Wrap) -> str:
    def load(card: ModelCard, plan: Plan, files: ModelFiles) -> Runner:
        loader = loader_of(info, spec)
        return wrap(lambda given: loader(card, plan, given), files)

    name = f"loader_{next(_numbers)}"
    _loaders[name] = load
    return f"{__name__}:{name}"


def __getattr__(name: str) -> Loader:
    # A loader is named by its path, so each of ours needs one.
    if name not in _loaders:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _loaders[name]
