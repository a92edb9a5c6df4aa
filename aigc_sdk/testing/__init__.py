"""What authors and our own tests use: the contract test kit for plugins and adapters, the echo plugin and the board.

``pytest --aigc-plugin NAME`` runs the kit against an installed plugin. In a test file of your own::

    from aigc_sdk.testing import PluginSuite


    class TestMine(PluginSuite):
        plugin = "my-plugin"
        prompt = "A red mug"

For adapters::

    from aigc_sdk.testing import AdapterSuite, Target


    class TestMine(AdapterSuite):
        adapter = "my-adapter"

        @pytest.fixture
        def aigc_target(self):
            return Target(settings={"url": ...}, secrets={"token": ...}, held=...)

docs/test-kit.md says what each check means. Nothing here is needed to run a plugin; the suite needs pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__all__ = ["ECHO", "AdapterSuite", "Board", "PluginSuite", "Target", "echo_registry"]

if TYPE_CHECKING:
    from .adapters.board import Board
    from .adapters.suite import AdapterSuite
    from .adapters.target import Target
    from .echo import ECHO, echo_registry
    from .suite import PluginSuite

# pytest imports this package at every start, whatever it tests; the kit is loaded when somebody asks for it.
_MODULES = {
    "ECHO": "echo",
    "AdapterSuite": "adapters.suite",
    "Board": "adapters.board",
    "PluginSuite": "suite",
    "Target": "adapters.target",
    "echo_registry": "echo",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
