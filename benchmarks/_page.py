"""Puts what was measured into a page of the docs."""

from __future__ import annotations

from pathlib import Path


def put(page: Path, section: str) -> None:
    """Replaces a section of a page, or appends it. Its first and its last line are the marks that it is found by."""
    begin, *_, end = section.splitlines()
    old = page.read_text("utf-8") if page.exists() else "# Quality, as measured\n"
    if begin in old:
        head, _, rest = old.partition(begin)
        page.write_text(head + section + rest.partition(end)[2], "utf-8")
    else:
        page.write_text(f"{old.rstrip()}\n\n{section}\n", "utf-8")
