"""Model files: where they come from, where they are kept, and that they are what they claim to be."""

from __future__ import annotations

from .inventory import Stored
from .progress import ProgressSink
from .store import Store

__all__ = ["ProgressSink", "Store", "Stored"]
