"""What each channel accepts: texts, pictures and clips. Dated tables, one row per limit, each with its source.

The campaign makes what fits them; adapters check against them before they send anything.
"""

from __future__ import annotations

from .pictures import ClipShape, Safe, Shape, clip_shapes, drawn_shapes, shapes_of
from .texts import Count, Rule, Violation, channels, check, length, rule, rules_of, written_rules

__all__ = [
    "ClipShape",
    "Count",
    "Rule",
    "Safe",
    "Shape",
    "Violation",
    "channels",
    "check",
    "clip_shapes",
    "drawn_shapes",
    "length",
    "rule",
    "rules_of",
    "shapes_of",
    "written_rules",
]
