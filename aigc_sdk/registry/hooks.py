"""Hook packages: checked when they register, quarantined if wrong, called in order."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

import pluggy

from ..contract import hooks as specs
from ..contract.errors import AigcError, BrokenPlugin, did_you_mean
from .plugins import HOOKS, PluginInfo, distribution, entry_points, load_object

log = logging.getLogger(__name__)

SIGNATURES: dict[str, inspect.Signature] = {
    name: inspect.signature(value)
    for name, value in vars(specs).items()
    if inspect.isfunction(value) and hasattr(value, f"{specs.PROJECT}_spec")
}
"""Every hook's name and signature."""


class Hooks:
    """The registered hook implementations."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(specs.PROJECT)
        self._manager.add_hookspecs(specs)
        self.packages: list[PluginInfo[Any]] = []

    @classmethod
    def discover(cls, disabled: frozenset[str]) -> Hooks:
        """Registers every installed hook package; a wrong one is quarantined."""
        hooks = cls()
        for entry in entry_points(HOOKS):
            version = entry.dist.version if entry.dist else ""
            info: PluginInfo[Any] = PluginInfo(entry.name, version, distribution(entry))
            info.disabled = entry.name in disabled
            hooks.packages.append(info)
            if info.disabled:
                continue
            try:
                hooks.register(load_object(entry, entry.name), entry.name)
            except AigcError as error:
                info.error = error
        return hooks

    def register(self, module: Any, name: str) -> None:
        """Registers one module or object that holds implementations.

        Raises:
            BrokenPlugin: names the plugin, the hook and the right signature.
        """
        check_implementations(module, name)
        self._manager.register(module, name)

    def unregister(self, name: str) -> None:
        """Takes all implementations of one package out."""
        self._manager.unregister(name=name)

    def implementations(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        """Plugin names and functions, in the order they are called. The functions take keyword arguments."""
        caller = getattr(self._manager.hook, hook)
        return [(impl.plugin_name, _by_name(impl)) for impl in reversed(caller.get_hookimpls())]

    def tell(self, hook: str, **arguments: Any) -> None:
        """Calls all implementations for their effect. A failure is logged with its owner; the others still run."""
        for name, function in self.implementations(hook):
            try:
                function(**arguments)
            except Exception:
                log.exception("plugin %r failed in hook %s", name, hook)

    def ask(self, hook: str, **arguments: Any) -> Any:
        """The first answer that is not None. Raises what :meth:`pipe` raises."""
        for name, function in self.implementations(hook):
            answer = guarded(name, hook, function, arguments)
            if answer is not None:
                return answer
        return None

    def pipe(self, hook: str, value: str, **arguments: Any) -> Any:
        """Hands the argument called ``value`` through all implementations; each may return a changed copy.

        Raises:
            AigcError: raised by an implementation on purpose.
            BrokenPlugin: an implementation failed, or returned something of another type.
        """
        for name, function in self.implementations(hook):
            changed = guarded(name, hook, function, arguments)
            if changed is None:
                continue
            if not isinstance(changed, type(arguments[value])):
                expected = type(arguments[value]).__name__
                raise BrokenPlugin(f"hook {hook} returned a {type(changed).__name__}, not a {expected}", plugin=name)
            arguments[value] = changed
        return arguments[value]


def _by_name(impl: pluggy.HookImpl) -> Callable[..., Any]:
    names, function = impl.argnames, impl.function
    return lambda **arguments: function(*(arguments[name] for name in names))


def guarded(name: str, hook: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Calls one implementation; what it raises leaves as an error of our tree that names its package."""
    try:
        return function(**arguments)
    except AigcError as error:
        error.plugin = error.plugin or name
        raise
    except Exception as error:
        what = f"hook {hook} failed: {type(error).__name__}: {error}"
        raise BrokenPlugin(what, plugin=name, fix=f"aigc plugins disable {name}") from error


def check_implementations(module: Any, plugin: str) -> None:
    """Checks every hook implementation in ``module`` against its specification.

    pluggy ignores unknown hooks, and a default value silently wins over the argument passed; both are errors here.
    """
    for name in dir(module):
        function = getattr(module, name, None)
        if not callable(function) or getattr(function, f"{specs.PROJECT}_impl", None) is None:
            continue
        if name not in SIGNATURES:
            what = f"implements a hook {name!r} that does not exist"
            raise BrokenPlugin(what, plugin=plugin, fix=did_you_mean(name, SIGNATURES))
        _check_signature(function, name, plugin)


def _check_signature(function: Callable[..., Any], hook: str, plugin: str) -> None:
    right = SIGNATURES[hook]
    advice = f"the signature is {hook}({', '.join(right.parameters)}), without default values"
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in right.parameters:
            raise BrokenPlugin(f"hook {hook} has no argument {parameter.name!r}", plugin=plugin, fix=advice)
        if parameter.default is not parameter.empty:
            what = f"hook {hook}: argument {parameter.name!r} has a default value"
            raise BrokenPlugin(what, plugin=plugin, fix=advice)
