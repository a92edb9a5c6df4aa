"""The record of jobs: who asked for what, what made it, how long it took, what it used. SQLite, or PostgreSQL by URL.

Importing this loads no database library; that happens when a ledger is first used.
"""

from __future__ import annotations

from .entries import Entry, GroupBy, State, Total
from .ledger import Ledger
from .publications import PublicationRecord, Publications
from .redact import Redactor

__all__ = ["Entry", "GroupBy", "Ledger", "PublicationRecord", "Publications", "Redactor", "State", "Total"]
