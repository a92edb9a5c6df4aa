"""What plugin authors and our own tests use: the contract test kit and the echo plugin.

``pytest --aigc-plugin NAME`` runs the kit against an installed plugin. In a test file of your own::

    from aigc_sdk.testing import PluginSuite


    class TestMine(PluginSuite):
        plugin = "my-plugin"
        prompt = "A red mug"

docs/test-kit.md says what each check means. Nothing here is needed to run a plugin; the suite needs pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__all__ = ["ECHO", "PluginSuite", "echo_registry"]

if TYPE_CHECKING:
    from .echo import ECHO, echo_registry
    from .suite import PluginSuite

# pytest imports this package at every start, whatever it tests; the kit is loaded when somebody asks for it.
_MODULES = {"ECHO": "echo", "echo_registry": "echo", "PluginSuite": "suite"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
