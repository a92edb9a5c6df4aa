"""Answers customers from a folder of texts, and says from which; or that it does not know."""

from __future__ import annotations

from .service import Service

__all__ = ["Service"]
