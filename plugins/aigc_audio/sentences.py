"""Cuts a text into pieces that are spoken one by one: sentences, or their clauses where a sentence is long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .characters import has_han

FIRST_LONGEST = 100
"""Characters of the first piece at most, so that the first sound of a long text comes early."""

PAUSES = {"paragraph": 0.7, "sentence": 0.35, "clause": 0.15, "none": 0.0}
"""Seconds of silence after a piece, by what ends it."""
_HAN_WIDTH = 3
"""A Chinese character is about as much speech as this many Latin letters."""

# fmt: off
_ABBREVIATIONS = frozenset(
    (
        "mr", "mrs", "ms", "dr", "prof", "st", "mt", "ft", "gen", "gov", "sen", "rep", "rev", "hon", "capt", "col",
        "lt", "sgt", "jr", "sr", "vs", "etc", "approx", "dept", "est", "fig", "inc", "ltd", "co", "corp", "no",
        "nos", "vol", "pp", "ed", "al", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct",
        "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "ave", "blvd", "rd",
    )
)
# fmt: on
_END = re.compile(r"([.!?…]+[\"'”’)\]]*)(?=\s+\S)|([。！？…]+[”’」』）\"]*)")
_CLAUSE_END = re.compile(r"[,;:—–](?=\s)|[，；：、——]+")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_NEAR = 40
_WRAPPED = 40
"""A line at least this long without an end mark goes on in the next line: it was wrapped."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text spoken in one go, and the seconds of silence after it."""

    text: str
    pause_s: float


def pieces(text: str, longest: int) -> Iterator[Piece]:
    """The pieces in order; only the last one has no pause.

    Args:
        longest: characters of a piece at most; a Chinese character counts three.
    """
    last: Piece | None = None
    for sentence, end in _with_ends(text):
        limit = longest if last is not None else min(longest, FIRST_LONGEST)
        for piece in _short(sentence, limit, longest, end):
            if last is not None:
                yield last
            last = piece
    if last is not None:
        yield Piece(last.text, PAUSES["none"])


def _with_ends(text: str) -> Iterator[tuple[str, str]]:
    """The sentences as they are found, each with what ends it; a book is not read through before its first sentence."""
    for paragraph in _PARAGRAPH.split(text):
        held = None
        for sentence in (sentence for line in _lines(paragraph) for sentence in _sentences(line)):
            if held is not None:
                yield held, "sentence"
            held = sentence
        if held is not None:
            yield held, "paragraph"


def _lines(paragraph: str) -> Iterator[str]:
    """The paragraph's lines; those that a text editor wrapped are joined again."""
    joined = ""
    for line in paragraph.splitlines():
        line = line.strip()
        if not joined:
            joined = line
        elif len(joined.rsplit("\n", 1)[-1]) >= _WRAPPED and joined[-1] not in ".!?…:。！？：":
            joined += ("" if has_han(joined[-1]) and has_han(line[:1]) else " ") + line
        else:
            yield joined
            joined = line
    if joined:
        yield joined


def _sentences(line: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(line):
        if match[1] and not _ends_here(line, match):
            continue
        yield from _spoken(line[start : match.end()])
        start = match.end()
    yield from _spoken(line[start:])


def _spoken(text: str) -> Iterator[str]:
    text = text.strip()
    if any(c.isalnum() for c in text):
        yield text


def _ends_here(line: str, match: re.Match[str]) -> bool:
    """False for the point of an abbreviation or an initial, and before a word in lower case."""
    # Only what stands near is looked at: a line may be a whole book.
    if line[match.end() : match.end() + _NEAR].lstrip()[:1].islower():
        return False
    if match[1] != ".":
        return True
    word = re.split(r"[\s(\"“'‘]", line[max(0, match.start() - _NEAR) : match.start()])[-1]
    if word.lower() in _ABBREVIATIONS:
        return False
    initial = len(word) == 1 and word.isupper() and word != "I"
    dotted = re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", word) is not None
    return not initial and (not dotted or word.lower() in ("a.m", "p.m", "u.s"))


def _short(sentence: str, limit: int, longest: int, end: str) -> Iterator[Piece]:
    """The sentence in pieces of at most ``limit`` (the first) and ``longest`` characters."""
    rest = sentence
    while _width(rest) > limit:
        cut, pause = _cut(rest, limit)
        head, rest = rest[:cut].strip(), rest[cut:].strip()
        if any(c.isalnum() for c in head):
            yield Piece(head, pause)
        limit = longest
    if any(c.isalnum() for c in rest):
        yield Piece(rest, PAUSES[end])


def _cut(text: str, limit: int) -> tuple[int, float]:
    """Where to cut, and the pause there: after the last clause that fits, else after the last word, else anywhere."""
    most = _fitting(text, limit)
    clauses = [match.end() for match in _CLAUSE_END.finditer(text, 0, most)]
    if clauses and clauses[-1] > most // 4:
        return clauses[-1], PAUSES["clause"]
    space = text.rfind(" ", most // 4, most)
    return (space, PAUSES["none"]) if space > 0 else (most, PAUSES["none"])


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(_HAN_WIDTH if has_han(c) else 1 for c in text)


def _fitting(text: str, limit: int) -> int:
    width = 0
    for index, character in enumerate(text):
        width += _HAN_WIDTH if not character.isascii() and has_han(character) else 1
        if width > limit:
            return max(1, index)
    return len(text)
