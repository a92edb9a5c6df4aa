"""Keeps a plugin's hands off the process: torch's global settings and seed are put back, and the plugin is named.

Random generators that a plugin merely draws from are left alone: putting their state back would hand the caller, who
may draw in another thread meanwhile, the same numbers twice. The test kit checks that plugins do not draw from them.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)


class GlobalState:
    """torch's global settings as they were when this was made, if torch is imported at all."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._torch = _torch()
        self._before = _settings(self._torch) if self._torch else {}
        self._random = self._torch.get_rng_state() if self._torch else None

    def restore(self) -> None:
        """Puts back what has changed since, with a warning for each. Never fails: jobs are still to be ended."""
        try:
            self._put_back()
        except Exception:
            log.exception("torch's settings could not be put back after plugin %r", self._plugin)

    def _put_back(self) -> None:
        if self._torch is None:
            return
        for name, (now, put_back) in _settings(self._torch).items():
            value = self._before[name][0]
            if now != value:
                log.warning("plugin %r changed torch's %s from %s to %s; put back", self._plugin, name, value, now)
                put_back(value)
                if name == "seed":
                    self._torch.set_rng_state(self._random)


def _torch() -> Any:
    """torch, if it is imported and ready (another thread may be importing it just now)."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "set_default_dtype") and hasattr(torch, "initial_seed") else None


def _settings(torch: Any) -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Each setting's value and what sets it. The seed changes only when somebody seeds, not when somebody draws."""
    return {
        "default dtype": (torch.get_default_dtype(), torch.set_default_dtype),
        "threads": (torch.get_num_threads(), torch.set_num_threads),
        "determinism": (torch.are_deterministic_algorithms_enabled(), torch.use_deterministic_algorithms),
        "matmul precision": (torch.get_float32_matmul_precision(), torch.set_float32_matmul_precision),
        "seed": (torch.initial_seed(), torch.manual_seed),
    }
