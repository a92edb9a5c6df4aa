"""A long text as several messages."""

from __future__ import annotations

import re

# Best first: between paragraphs, lines, sentences (also Chinese ones), words.
_ENDS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+|(?<=[。！？；])"), re.compile(r"\s+"))


def pieces(text: str, limit: int) -> list[str]:
    """Cuts a text into pieces of at most ``limit`` characters, each at the best place in its last two thirds.

    Nothing but white space between two pieces is left out. An empty text has no pieces.
    """
    found = []
    text = text.strip()
    while len(text) > limit:
        end = _end(text, limit)
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*found, text] if text else found


def _end(text: str, limit: int) -> int:
    """Where the first piece ends: after a sentence if one ends late enough, within a word if nothing else is left."""
    for pattern in _ENDS:
        ends = [
            match.end() for match in pattern.finditer(text, 0, limit + 1) if len(text[: match.end()].rstrip()) <= limit
        ]
        if ends and ends[-1] > limit // 3:
            return ends[-1]
    return limit
