"""The registry: every installed plugin, and each model by its name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..contract.adapter import AdapterManifest
from ..contract.errors import AigcError, BrokenPlugin, UnknownModel, UnknownPlugin, did_you_mean
from ..contract.manifest import Manifest, ModelCard
from ..contract.requests import Modality
from ..contract.runner import SourceInfo
from .disabled import disabled_names
from .environments import isolated_plugins
from .hooks import Hooks
from .plugins import ADAPTERS, PLUGINS, PluginInfo, entry_points, read, unmet_extra


@dataclass(frozen=True, slots=True)
class Entry:
    """A model and the plugin that serves it."""

    plugin: PluginInfo[Manifest]
    manifest: Manifest
    card: ModelCard


class Registry:
    """What is installed. Made once per process; look-ups are dictionary accesses."""

    def __init__(self, hooks: Hooks | None = None) -> None:
        self.hooks = hooks or Hooks()
        self._plugins: list[PluginInfo[Manifest]] = []
        self._adapters: list[PluginInfo[AdapterManifest]] = []
        self._models: dict[str, Entry] = {}
        self._owners: dict[str, PluginInfo[Manifest]] = {}

    # --- filling -------------------------------------------------------------------------------------------------

    def add(self, manifest: Manifest, *, distribution: str = "") -> PluginInfo[Manifest]:
        """Adds a plugin by code, as an entry point would."""
        info = PluginInfo(manifest.name, manifest.version, distribution, manifest=manifest)
        self._admit(info)
        return info

    def _admit(self, info: PluginInfo[Manifest]) -> None:
        self._plugins.append(info)
        if info.state != "ok" or info.manifest is None:
            return
        info.error = self._clash(info) or unmet_extra(info.manifest)
        if isinstance(info.error, BrokenPlugin):
            return
        self._owners[info.name] = info
        for card in info.manifest.models:
            self._index(info, info.manifest, card)

    def _index(self, info: PluginInfo[Manifest], manifest: Manifest, card: ModelCard) -> None:
        entry = Entry(info, manifest, card)
        for name in (card.id, *card.aliases):
            self._models[name] = entry

    def _clash(self, info: PluginInfo[Manifest]) -> AigcError | None:
        if info.name in self._owners:
            other = self._owners[info.name].distribution
            what = f"another plugin (from {other}) has the name {info.name!r}"
            return BrokenPlugin(what, plugin=info.name, fix=f"pip uninstall {info.distribution} or {other}")
        for card in info.manifest.models if info.manifest else ():
            for name in (card.id, *card.aliases):
                if name in self._models:
                    other = self._models[name].plugin.name
                    what = f"model id {name!r} is already taken by plugin {other!r}"
                    return BrokenPlugin(what, plugin=info.name, fix=f"aigc plugins disable {info.name}, or {other}")
        return None

    def _add_model(self, plugin: str, card: ModelCard) -> None:
        info = self._owners.get(plugin)
        if info is None or info.manifest is None:
            raise UnknownPlugin(f"register_models: no plugin {plugin!r}", fix=did_you_mean(plugin, self._owners))
        if taken := [name for name in (card.id, *card.aliases) if name in self._models]:
            raise BrokenPlugin(f"register_models: model id {taken[0]!r} is already taken")
        self._index(info, info.manifest, card)

    def add_adapter(self, manifest: AdapterManifest) -> None:
        """Adds an adapter by code, as an entry point would. Raises BrokenPlugin if its name is taken."""
        if any(manifest.name == info.name for info in self._adapters):
            raise BrokenPlugin(f"register_adapters: adapter {manifest.name!r} is already there")
        self._adapters.append(PluginInfo(manifest.name, manifest.version, "", manifest=manifest))

    def ask_hooks(self) -> None:
        """Lets hook packages add models and adapters; one that fails is quarantined, the others are still asked."""
        for hook, register in (("register_models", self._add_model), ("register_adapters", self.add_adapter)):
            for name, function in self.hooks.implementations(hook):
                try:
                    function(register=register)
                except Exception as error:  # noqa: BLE001 - a stranger's code
                    self._quarantine_hooks(name, hook, error)

    def _quarantine_hooks(self, name: str, hook: str, error: Exception) -> None:
        what = error.what if isinstance(error, AigcError) else f"{hook} failed: {type(error).__name__}: {error}"
        self.hooks.unregister(name)
        for info in self.hooks.packages:
            if info.name == name:
                info.error = BrokenPlugin(what, plugin=name, fix=f"aigc plugins disable {name}")

    # --- asking --------------------------------------------------------------------------------------------------

    def plugins(self) -> list[PluginInfo[Manifest]]:
        """All plugins, broken and disabled ones too."""
        return list(self._plugins)

    def adapters(self) -> list[PluginInfo[AdapterManifest]]:
        """All adapters, broken and disabled ones too."""
        return list(self._adapters)

    def everything(self) -> list[PluginInfo[Any]]:
        """Plugins, adapters and hook packages, for ``aigc plugins list`` and ``doctor``."""
        return [*self._plugins, *self._adapters, *self.hooks.packages]

    def entries(self) -> list[Entry]:
        """Every listed model once, in the plugins' order."""
        return list({id(entry.card): entry for entry in self._models.values()}.values())

    def find(
        self, model: str | None, modality: Modality, task: str | None = None, language: str | None = None
    ) -> Entry:
        """The entry of a listed model; ``model=None`` is the modality's default for that task and language.

        Raises:
            UnknownModel: with the nearest names of that modality.
            MissingExtra: the model's plugin lacks its libraries.
        """
        entry = self._models.get(model) if model is not None else self._default(modality, task, language)
        if entry is None or entry.manifest.modality != modality:
            raise self._unknown(str(model), modality, entry)
        if entry.plugin.error is not None:
            raise entry.plugin.error
        return entry

    def _default(self, modality: Modality, task: str | None, language: str | None) -> Entry:
        for info in self._of(modality):
            if info.manifest and info.manifest.default_model:
                first = self._models[info.manifest.default_model]
                listed = (first, *(self._models[card.id] for card in info.manifest.models))
                return next((entry for entry in listed if _serves(entry.card, task, language)), first)
        broken = [i for i in self._plugins if i.error and (i.manifest is None or i.manifest.modality == modality)]
        if broken and broken[0].error:
            raise broken[0].error
        raise UnknownModel(
            f"no installed plugin serves {modality}", fix="`aigc plugins doctor` shows what is installed"
        )

    def _of(self, modality: Modality) -> list[PluginInfo[Manifest]]:
        return [i for i in self._owners.values() if i.manifest and i.manifest.modality == modality]

    def _unknown(self, model: str, modality: Modality, elsewhere: Entry | None) -> UnknownModel:
        if elsewhere is not None:
            other = elsewhere.manifest.modality
            return UnknownModel(f"model {model!r} makes {other}, not {modality}", fix=f"ask for {other}")
        names = [n for n, e in self._models.items() if e.manifest.modality == modality]
        fix = did_you_mean(model, names) or "`aigc models` lists them"
        return UnknownModel(
            f"unknown {modality} model {model!r}", fix=f"{fix} A hub id or folder is written with a '/'."
        )

    def resolve(self, info: SourceInfo, modality: Modality) -> Entry:
        """The entry of a hub repository or folder that no manifest lists.

        Raises:
            UnknownModel: no plugin of that modality can run it.
        """
        for plugin in self._of(modality):
            if plugin.manifest is None or plugin.manifest.resolver is None:
                continue
            if plugin.error is not None:
                raise plugin.error
            card = load_attribute(plugin.manifest.resolver, plugin.name)(info)
            if card is not None:
                return Entry(plugin, plugin.manifest, card)
        kind = info.config.get("architectures") or info.config.get("_class_name") or "no config.json"
        raise UnknownModel(f"no installed {modality} plugin can run {info.id!r} ({kind})")


def _serves(card: ModelCard, task: str | None, language: str | None) -> bool:
    """True if the card has the task, and the language or none in particular."""
    known = [tag.split("-")[0] for tag in card.languages]
    speaks = language is None or not known or language.lower().split("-")[0] in known
    return (task is None or task in card.tasks) and speaks


def load_attribute(path: str, plugin: str) -> Any:
    """Imports ``package.module:attribute`` of a plugin.

    Raises:
        BrokenPlugin: whatever the import raised.
        MissingExtra: never; a runner's libraries are checked before its loader is imported.
    """
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = f"{path} cannot be imported: {type(error).__name__}: {error}"
        raise BrokenPlugin(what, plugin=plugin, fix="aigc plugins doctor") from error


def load(manifests: Iterable[Manifest] = ()) -> Registry:
    """Reads everything installed, and adds the given manifests. Never raises for a broken plugin."""
    disabled = disabled_names()
    registry = Registry(Hooks.discover(disabled))
    for entry in entry_points(PLUGINS):
        registry._admit(read(entry, Manifest, disabled))
    for info in isolated_plugins(disabled):
        registry._admit(info)
    for entry in entry_points(ADAPTERS):
        registry._adapters.append(read(entry, AdapterManifest, disabled))
    for manifest in manifests:
        registry.add(manifest)
    registry.ask_hooks()
    return registry
