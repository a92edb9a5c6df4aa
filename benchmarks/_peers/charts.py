"""Bars as SVG, drawn by hand: small files, no library, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, NAME, VALUE = 640, 220, 70
"""Pixels: all, for the names at the left, and for the values at the right."""
_BAR, _GAP, _HEAD = 18, 6, 26
_STYLE = (
    ".p{fill:#fff;stroke:#d7dce3}.t{font-size:14px;font-weight:600;fill:#1d2430}.g{font-size:12px;font-weight:600;fill:#4a5361}"
    ".n{font-size:12px;fill:#1d2430;text-anchor:end}.v{font-size:12px;fill:#4a5361}.o{fill:#b9c1cc}.m{fill:#3c66b4}"
)


@dataclass(frozen=True)
class Chart:
    """Horizontal bars from zero. ``groups``: bars by heading, then by name. ``mine``: the name that is in colour."""

    name: str
    title: str
    groups: Mapping[str, Mapping[str, float]]
    mine: str

    def svg(self) -> str:
        longest = max((value for bars in self.groups.values() for value in bars.values()), default=0) or 1
        top, parts = 16.0 + _HEAD, []
        for heading, bars in self.groups.items():
            if heading:
                parts.append(f'<text class="g" x="16" y="{top + 13:g}">{escape(heading)}</text>')
                top += _HEAD - 4
            for name, value in bars.items():
                parts.append(self._bar(name, value, top, longest))
                top += _BAR + _GAP
            top += 6
        height = round(top + 8)
        title = escape(self.title)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}"'
            f" font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\">\n"
            f"<style>{_STYLE}</style>\n"
            f'<rect class="p" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
            f'<text class="t" x="16" y="28">{title}</text>\n' + "\n".join(parts) + "\n</svg>\n"
        )

    def _bar(self, name: str, value: float, top: float, longest: float) -> str:
        length = max(1.0, (WIDTH - NAME - VALUE - 24) * value / longest)
        kind = "m" if name == self.mine else "o"
        middle = top + _BAR / 2 + 4
        told = f"{value:,.0f}" if value >= 20 else f"{value:.3g}"
        return (
            f'<text class="n" x="{NAME}" y="{middle:g}">{escape(name)}</text>'
            f'<rect class="{kind}" x="{NAME + 8}" y="{top:g}" width="{length:.1f}" height="{_BAR}" rx="3"/>'
            f'<text class="v" x="{NAME + 14 + length:.1f}" y="{middle:g}">{told}</text>'
        )

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.svg").write_text(self.svg(), "utf-8")
