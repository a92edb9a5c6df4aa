"""Finds plugins, adapters and hooks; loads lazily; quarantines what is broken; explains."""

from __future__ import annotations

from .hooks import Hooks
from .plugins import PluginInfo
from .registry import Entry, Registry, load

__all__ = ["Entry", "Hooks", "PluginInfo", "Registry", "load"]
