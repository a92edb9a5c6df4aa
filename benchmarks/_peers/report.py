"""The section of the page, and its plots, from figures that were measured some time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from _page import put

from . import media_load, memory, per_request, starting, text_load
from .options import Figures

SECTIONS: dict[str, ModuleType] = {
    "start": starting,
    "request": per_request,
    "text": text_load,
    "media": media_load,
    "memory": memory,
}
"""Each has ``TITLE``, ``measure(options)``, ``told(figures)`` and ``charts(figures)``."""
WIDTH = 120
BEGIN, END = "<!-- peers: written by benchmarks/peers.py -->", "<!-- /peers -->"


def section(saved: dict[str, Figures], plots: str = "assets") -> str:
    """All that was measured, as Markdown. ``plots``: the folder of the plots, as the page names it."""
    lines = [BEGIN, "## Beside peers", "", "```text", "python benchmarks/peers.py --page docs/benchmarks.md", "```", ""]
    lines += [
        "Installs each peer into a virtual environment of its own, then measures what follows. `--only text` measures"
        " one part again; `--saved` writes the page from the figures kept. A peer that does not install or start is a"
        " row that says so.",
    ]
    for name, module in SECTIONS.items():
        if name not in saved:
            continue
        figures = saved[name]["figures"]
        lines += ["", f"### {module.TITLE}", "", *module.told(figures)]
        for chart in module.charts(figures):
            lines += ["", f"![{chart.title}]({plots}/{chart.name}.svg)"]
        few = "; few requests (`--quick`): it works, how fast is not said" if saved[name]["quick"] else ""
        lines += ["", f"{saved[name]['when']}, {saved[name]['machine']}{few}."]
    return "\n".join(_wrapped([*lines, "", END]))


def _wrapped(lines: list[str]) -> Iterator[str]:
    """Paragraphs in lines as long as the page's others; tables, pictures and marks as they are."""
    for line in lines:
        whole = len(line) <= WIDTH or line[0] in "|!<#"
        yield from [line] if whole else textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)


def write(page: Path, saved: dict[str, Figures]) -> None:
    """Puts the section into the page, and the plots into ``assets`` beside it."""
    for name, kept in saved.items():
        for chart in SECTIONS[name].charts(kept["figures"]):
            chart.write(page.parent / "assets")
    put(page, section(saved))
