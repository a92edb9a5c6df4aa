"""Reads as a finished line: whole words, whole sentences, punctuation, no repetition."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from .claims import Objection
from .copy_brief import CopyBrief
from .language import Language
from .parts import DETERMINERS, parts
from .words import content, is_number, is_plural, is_word, lower_first, starts_with_vowel_sound, stem, tokens

_PAIRS = {"(": ")", "[": "]", "“": "”", "「": "」", "《": "》", "（": "）"}
_ENDS = ".!?。！？"


def check_wording(text: str, *, sentence: bool, brief: CopyBrief, language: Language) -> list[Objection]:
    """What keeps the text from reading well; empty if nothing does.

    Args:
        sentence: it is one or more whole sentences; otherwise a headline, which has no full stop.
    """
    if not text.strip():
        return [Objection("empty", "the model wrote nothing")]
    found = [*_typography(text), *_punctuation(text, sentence=sentence)]
    if language.spaced:
        for part in re.split(r"(?<=[.!?])\s+", text):
            found += [*_grammar(part, language), *_repetition(part, language), *_dangling(part, brief, language)]
    elif re.search(r"(.{2,})\1", text):
        found.append(Objection("repeats", "says the same twice"))
    return found


def _typography(text: str) -> Iterator[Objection]:
    if text != text.strip() or "  " in text or not text.isprintable():
        yield Objection("spacing", "has stray spaces or control characters")
    if re.search(r"\s[,.;:!?]|[,;:]{2}|[*_#<>|{}\\~^`]|https?:", text):
        yield Objection("markup", "has stray marks")
    first = next((c for c in text if c.isalnum()), "")
    if first.islower():
        yield Objection("capital", "does not start with a capital")
    if re.search(r"\b[A-Z]{4,}\b", text):
        yield Objection("shouting", "shouts in capitals")


def _punctuation(text: str, *, sentence: bool) -> Iterator[Objection]:
    if sentence and text[-1] not in _ENDS:
        yield Objection("unfinished", "does not end like a sentence")
    if not sentence and text[-1] in _ENDS + ",;:-":
        yield Objection("punctuation", "a headline has no final punctuation")
    if re.search(r"[!！]", text) and (not sentence or len(re.findall(r"[!！]", text)) > 1):
        yield Objection("punctuation", "has an exclamation mark too many")
    for opens, closes in _PAIRS.items():
        if text.count(opens) != text.count(closes):
            yield Objection("unbalanced", f"{opens} and {closes} do not match")
    if text.count('"') % 2:
        yield Objection("unbalanced", "a quotation mark is missing")


def _grammar(text: str, language: Language) -> Iterator[Objection]:
    found = [token for token in tokens(text) if is_word(token)]
    for word, after in pairwise(found):
        low, next_low = word.casefold(), after.casefold()
        wrong = (
            (low in DETERMINERS and next_low in DETERMINERS | _NEVER_AFTER | language.linking)
            or (low in ("a", "an") and not is_number(after) and (low == "an") != starts_with_vowel_sound(after))
            or (low in language.linking and next_low in language.linking)
        )
        if wrong:
            yield Objection("grammar", f"{word} {after}")
    if found.count("that") > 1:
        yield Objection("grammar", "that ... that")
    for match in re.finditer(r"\ban? ((?:[a-z\-]+ ?){1,3})", text.lower()):
        if _plural(match.group(1).split(), language):
            yield Objection("grammar", f"a ... {match.group(1).split()[-1]}")


_NEVER_AFTER = frozenset(
    {"of", "for", "with", "by", "to", "from", "and", "or", "but", "that", "which", "who", "in", "at", "on", "it", "you"}
)


def _plural(run: list[str], language: Language) -> bool:
    """True if a run of content words after "a" ends in a plural: "a thick walls", but not "a mug holds"."""
    nouns = []
    for word in run:
        if word in language.function_words or stem(word) in {stem(verb) for verb in language.verbs}:
            break
        nouns.append(word)
    return bool(nouns) and is_plural(nouns[-1])


def _repetition(text: str, language: Language) -> Iterator[Objection]:
    found = [token.casefold() for token in tokens(text) if is_word(token)]
    for word, after in pairwise(found):
        if word == after:
            yield Objection("repeats", f"{word} {after}")
    counts = Counter(stem(word) for word in content(text, language.function_words))
    for word, count in counts.items():
        if count > 1:
            yield Objection("repeats", f"{word!r} {count} times")


def _dangling(text: str, brief: CopyBrief, language: Language) -> Iterator[Objection]:
    """The last word must be able to end a phrase: not "and", not "small" where the brief has "small batches"."""
    found = [token for token in tokens(text) if is_word(token)]
    if not found:
        yield Objection("empty", "has no words")
        return
    last = lower_first(found[-1])
    known = [parts(claim, language) for claim in brief.claims]
    if any(last in part.ends for part in known):
        return
    if last.casefold() in language.function_words - {"you", "it", "one", "yours", "them"}:
        yield Objection("dangling", f"ends on {last!r}")
    elif last.casefold() not in language.neutral_words and any(last in part.content for part in known):
        yield Objection("dangling", f"ends on {last!r}, which needs another word")
