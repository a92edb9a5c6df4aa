"""What the sections are told, and how a peer that cannot be measured is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .installs import DidNotStart

Figures = dict[str, Any]
"""As JSON. A contender that could not be measured is ``{"error": reason}``."""


@dataclass(frozen=True)
class Options:
    """``cache``: where the peers are installed; ``quick``: as few requests as show that all works."""

    cache: Path
    quick: bool = False
    xinference: bool = False

    def count(self, number: int) -> int:
        """Of requests or runs: the number given, or a small one."""
        return max(2, number // 8) if self.quick else number


def attempted(name: str, measure: Callable[[], Figures]) -> Figures:
    """What was measured, or the reason why not: one peer's fault is one row of a table."""
    print(f"  {name}", file=sys.stderr, flush=True)
    try:
        return measure()
    except DidNotStart as error:
        found = {"error": str(error)}
    except (Exception, SystemExit) as error:
        found = {"error": f"failed: {type(error).__name__}: {error}"[:200]}
    print(f"  {name}: {found['error']}", file=sys.stderr, flush=True)
    return found


def row(name: str, figures: Figures, *cells: Callable[[Figures], str]) -> str:
    """A line of a table; each cell is made of the figures. Without figures, the reason why there are none."""
    if "error" in figures:
        reason = str(figures["error"]).replace("|", "\\|").replace("\n", " ")
        return f"| {name} | {reason} |" + " |" * (len(cells) - 1)
    return f"| {name} | {' | '.join(cell(figures) for cell in cells)} |"
