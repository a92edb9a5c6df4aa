"""What plugin authors and our own tests use: the echo plugin."""

from __future__ import annotations

from .echo import ECHO, echo_registry

__all__ = ["ECHO", "echo_registry"]
