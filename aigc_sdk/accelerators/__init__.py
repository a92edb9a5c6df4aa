"""Detects devices, makes the plan, measures memory, sets threads. Imports no heavy library by itself."""

from __future__ import annotations

from .devices import Device, detect
from .explain import explain
from .memory import bytes_free, is_out_of_memory, process_bytes, release
from .planner import make_plan

__all__ = ["Device", "bytes_free", "detect", "explain", "is_out_of_memory", "make_plan", "process_bytes", "release"]
