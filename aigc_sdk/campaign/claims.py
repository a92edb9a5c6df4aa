"""Says nothing that the brief does not say: what a text claims, held against the facts.

The check errs on the side of refusing: a good line lost costs nothing, an invention published does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .copy_brief import CopyBrief
from .language import Language
from .words import cjk, is_number, is_word, number_key, stem, stems, tokens


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a text is not kept. ``code`` is stable (``number``, ``absolute``, ``name``, ``unsupported``, ...)."""

    code: str
    what: str


def check_claims(text: str, brief: CopyBrief, language: Language) -> list[Objection]:
    """Everything in the text that the brief does not support; empty if it may be published.

    Looks for forbidden words, numbers and prices, absolutes and superlatives, denials, proper names, words that are
    neither the brief's nor neutral, and facts run together into one statement.
    """
    checks = [_forbidden(text, brief, language), _numbers(text, brief, language)]
    if language.spaced:
        checks += [
            _absolutes(text, brief, language),
            _denials(text, brief, language),
            _names(text, brief, language),
            _unsupported(text, brief, language),
            _mixed(text, brief, language),
        ]
    else:
        checks += [_absolutes_unspaced(text, brief, language), _unsupported_unspaced(text, brief, language)]
    return [objection for found in checks for objection in found]


def _forbidden(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    words = {stem(token) for token in tokens(text)}
    for forbidden in brief.forbidden_words:
        parts = {stem(token) for token in tokens(forbidden) if is_word(token)}
        if forbidden.casefold() in text.casefold() or (language.spaced and parts and parts <= words):
            yield Objection("forbidden", f"uses the forbidden word {forbidden!r}")


def _numbers(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    known = {number_key(token) for claim in brief.claims for token in tokens(claim) if is_number(token)}
    spelled = {token.casefold() for claim in brief.claims for token in tokens(claim)}
    for token in tokens(text):
        digits = is_number(token) and number_key(token) not in known
        if digits or (token.casefold() in language.number_words - spelled):
            yield Objection("number", f"the brief does not say {token!r}")


def _absolutes(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    said = {token.casefold() for claim in brief.claims for token in tokens(claim)}
    for token in tokens(text):
        word = token.casefold()
        superlative = re.fullmatch(r"[a-z]{3,}(?:iest|[^aeiouy]est)", word) and word not in _NOT_SUPERLATIVE
        if word not in said and (word in language.absolutes or superlative):
            yield Objection("absolute", f"{token!r} promises more than the brief")
        if word.startswith("#"):
            yield Objection("absolute", f"{token!r}")


_NOT_SUPERLATIVE = frozenset({"harvest", "interest", "request", "honest", "modest", "invest", "contest", "protest"})


def _denials(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    said = {token.casefold() for claim in brief.claims for token in tokens(claim)}
    for token in tokens(text):
        if token.casefold() in language.denying and token.casefold() not in said:
            yield Objection("denial", f"the brief does not say {token!r}")


def _names(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    """Words in capitals inside a sentence, which the brief does not write so."""
    said = {token for claim in brief.claims for token in tokens(claim)}
    for before, token in pairwise(tokens(text)):
        if token[:1].isupper() and before not in ".!?:" and token not in said | {"I"}:
            yield Objection("name", f"the brief names no {token!r}")


def _unsupported(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    supported = stems(brief.claims, ()) | {stem(word) for word in language.neutral_words | language.function_words}
    for token in tokens(text):
        if not is_word(token) or is_number(token) or token.casefold() in language.function_words:
            continue
        pieces = [stem(token)] if stem(token) in supported else [stem(piece) for piece in token.split("-")]
        if not supported.issuperset(pieces):
            yield Objection("unsupported", f"the brief does not say {token!r}")


def _mixed(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    """Two facts in one clause may state a third: "handmade in the dishwasher"."""
    free = stems([brief.product, brief.short, brief.brand, *brief.segments.values()], language.function_words)
    free |= {stem(word) for word in language.neutral_words}
    own = [stems([fact], language.function_words) for fact in brief.facts]
    for clause in re.split(r"[.!?;:,](?!\d)|\band\b", text):
        used = stems([clause], language.function_words) - free
        if used and not any(used <= fact for fact in own) and sum(bool(used & fact) for fact in own) > 1:
            yield Objection("mixed", f"runs several facts together: {clause.strip()!r}")


def _absolutes_unspaced(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    said = "\n".join(brief.claims)
    for word in sorted(language.absolutes):
        if word in text and word not in said:
            yield Objection("absolute", f"{word!r} promises more than the brief")


def _unsupported_unspaced(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    """Stretches of characters that are neither in the brief (two at least) nor neutral."""
    rest = text
    pieces = _stretches(brief.claims) | language.neutral_words | language.function_words
    for piece in sorted(pieces, key=len, reverse=True):
        rest = rest.replace(piece, " ")
    for left in rest.split():
        if cjk(left) or re.search(r"[A-Za-z]{2,}", left):
            yield Objection("unsupported", f"the brief does not say {left.strip()!r}")


def _stretches(claims: Sequence[str], longest: int = 8) -> set[str]:
    found: set[str] = set()
    for claim in claims:
        for run in re.findall(r"[^\W_]+(?:[ \-][A-Za-z0-9]+)*", claim):
            found.update(run[i : i + n] for n in range(2, longest + 1) for i in range(len(run) - n + 1))
            found.add(run)
    return found
