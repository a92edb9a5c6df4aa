"""Prompts in pieces: lower-case words, single Chinese characters, and the breaks between clauses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

BREAK = ","
"""Stands for every mark that ends a clause."""
_WIDE = "\u3400-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+|[,.;:!?…|/\n()\[\]{{}}\"“”–—、。]")
_POSSESSIVE = re.compile(r"['’]s\b|(?<=s)['’](?!\w)")
_IRREGULAR = {
    "mice": "mouse",
    "geese": "goose",
    "teeth": "tooth",
    "feet": "foot",
    "men": "man",
    "women": "woman",
    "children": "child",
    "wolves": "wolf",
    "leaves": "leaf",
    "knives": "knife",
    "loaves": "loaf",
    "calves": "calf",
    "halves": "half",
    "scarves": "scarf",
    "oxen": "ox",
    "cacti": "cactus",
    "fungi": "fungus",
    "octopi": "octopus",
}


def split(text: str) -> list[str]:
    """The pieces of a text, in time that grows with its length only.

    Full-width forms become plain ones, accents, possessive endings and control characters go.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(letter for letter in unicodedata.normalize("NFD", plain) if unicodedata.category(letter) != "Mn")
    pieces = _PIECE.findall(_POSSESSIVE.sub("", unicodedata.normalize("NFC", bare)))
    return [piece if piece[0].isalnum() else BREAK for piece in pieces]


def is_wide(piece: str) -> bool:
    """Whether a piece is a Chinese character."""
    return len(piece) == 1 and re.match(f"[{_WIDE}]", piece) is not None


def is_readable(piece: str) -> bool:
    """Whether a piece could be English or Chinese by its letters."""
    return is_wide(piece) or all(not letter.isalpha() or "LATIN" in unicodedata.name(letter, "") for letter in piece)


def singulars(word: str) -> Iterator[str]:
    """What the word may be the plural of; for most that are none, nothing."""
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if len(word) < 4 or not word.isascii() or not word.endswith("s") or word.endswith("ss"):
        return
    yield word[:-1]
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("es"):
        yield word[:-2]
