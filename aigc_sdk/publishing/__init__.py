"""Carries content into outside systems: opens adapters, does each step once, remembers what was published."""

from __future__ import annotations

from .journal import LedgerJournal
from .publisher import Published, Publisher, key_of

__all__ = ["LedgerJournal", "Published", "Publisher", "key_of"]
