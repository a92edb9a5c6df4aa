"""Detects devices, makes the plan, measures memory, sets threads. Imports no heavy library by itself."""

from __future__ import annotations

from .devices import Device, detect
from .explain import explain
from .planner import make_plan

__all__ = ["Device", "detect", "explain", "make_plan"]
