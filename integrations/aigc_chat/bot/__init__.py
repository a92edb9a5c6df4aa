"""What the bot does, on any platform."""

from __future__ import annotations

from .core import Bot
from .platform import File, Incoming, Place, Platform

__all__ = ["Bot", "File", "Incoming", "Place", "Platform"]
