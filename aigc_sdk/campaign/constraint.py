"""The words a small model may choose from, as a regular expression.

A model of 135 million parameters, left alone, writes about things that the brief does not mention, and does not know
when to stop. Given only the words of one fact, the product and a few neutral ones, it mostly finds a good order for
them. The expression also keeps a line from ending on a word that needs another after it, and a preposition of the
brief before the word that it stands before in the brief.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .language import Language, LineSpec
from .words import is_plural, is_word, lower_first, starts_with_vowel_sound, stem, tokens, upper_first

DETERMINERS = frozenset({"a", "an", "the", "your", "our", "my", "their", "his", "her", "its", "this", "these", "every"})
_NO_LINK = DETERMINERS | {"it", "they", "you", "we"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The words of a text by what they can do in a line.

    Attributes:
        content: words that carry meaning, numbers with their unit. ends: those of them that may end a line.
        function: function words of the text itself. links: a function word and the content word that it leads to,
            such as ("in", "small") in "made in small batches".
        doing: what people do who are described, up to the first word that may end a line ("people who work from home
            and drink hot tea": "work from home", "drink hot tea").
    """

    content: tuple[str, ...]
    ends: frozenset[str]
    function: frozenset[str]
    links: frozenset[tuple[str, str]]
    doing: tuple[str, ...]


def parts(text: str, language: Language) -> Parts:
    """Takes a fact or a segment's description apart.

    A word may end a line if it ends a phrase in the text: ``batches`` in "made in small batches", but not ``small``.
    """
    found = [t for t in tokens(lower_first(text)) if is_word(t) or t in ",.;:!?()"]
    content, ends, function, links = [], set(), set(), set()
    doing: list[list[str]] = []
    link, is_doing = "", False
    for token, after in zip(found, [*found[1:], "."], strict=False):
        if not is_word(token):
            link, is_doing = "", False
            continue
        word, stops = token.casefold(), not is_word(after)
        if is_doing:
            doing[-1].append(token)
        if word in language.function_words and not stops:
            function.add(word)
            link = link if word in DETERMINERS else word
            continue
        content.append(token)  # a function word at the end ("inside and out") belongs to the phrase
        if not token.endswith("s") and (link == "who" or (link == "and" and doing)):
            doing.append([token])
            is_doing = True
        elif link and link not in _NO_LINK | language.linking:
            links.add((link, token))
        link = ""
        if stops or after.casefold() in language.function_words:
            ends.add(token)
            is_doing = is_doing and doing[-1] == [token]
    phrases = tuple(" ".join(_YOURS.get(word, word) for word in phrase) for phrase in doing)
    return Parts(tuple(content), frozenset(ends), frozenset(function), frozenset(links), phrases)


_YOURS = {"their": "your", "theirs": "yours", "they": "you", "them": "you", "themselves": "yourself"}


def line_regex(spec: LineSpec, language: Language, *, product: str, short: str, given: str, turn: int) -> str | None:
    """What one line may look like; None for a language without spaces.

    Args:
        product, short: the product's names. given: the fact, or the segment's description.
        turn: number of the candidate; openings are taken in turn.
    """
    if not language.spaced:
        return None
    found = parts(given, language)
    clashing = _clashing(found, language)
    forms = language.plural_forms if is_plural(short) else {}
    bound = set()  # words that only stand where the description has them
    if spec.about == "segment":
        bound |= {"people", *(phrase.split()[0] for phrase in found.doing)}
        bound |= {word for link, word in found.links if link in ("who", "that")}
    opening = _opening(spec, language, found, product=product, short=short, turn=turn)
    inner = (set(found.content) | {forms.get(word, word) for word in spec.inner - clashing}) - bound
    ends = set(found.ends) - bound
    if spec.about == "segment" and short not in opening:
        inner, ends = inner | {product, short}, ends | {product, short}
    linking = found.function & language.linking if spec.about == "fact" else frozenset()
    joins = (spec.joins | linking) - clashing
    free, determiners = _optional(joins - DETERMINERS), _optional(joins & DETERMINERS)
    links = [(link, word) for link, word in sorted(found.links) if link not in joins or word in bound]
    word = _one_of(f"{free}{determiners}{_any(inner | ends)}", links, determiners)
    last = _one_of(f"{free}{determiners}{_any(ends)}", [k for k in links if k[1] in found.ends], determiners)
    return _whole(spec, found, word, last, opening, inner | ends, ends)


def _one_of(free: str, links: Iterable[tuple[str, str]], determiners: str) -> str:
    """A word with what may stand before it; a linked word only after its link ("who loves", "at the desk")."""
    linked = [
        f"{_quote(link)} {'' if link in ('who', 'that', 'and') else determiners}{_quote(word)}" for link, word in links
    ]
    return f" (?:{'|'.join([free, *linked])})"


def _whole(
    spec: LineSpec, found: Parts, word: str, last: str, opening: str, starts: Collection[str], ends: Collection[str]
) -> str:
    low, high = spec.words
    high = max(low, 2, min(high, len(found.content) + 2))
    close = _quote(spec.end)
    if opening:
        whole = f"{_quote(opening)}(?:{word}){{{max(0, low - 1)},{high - 1}}}{last}{close}"
        return f"(?:{whole}|{_quote(opening)}{close})" if low == 0 and lower_first(opening) in ends else whole
    determined = f"{_any({upper_first(d) for d in spec.joins & DETERMINERS})} {_any(starts)}"
    first = f"(?:{determined}|{_any(map(upper_first, starts))})"
    return f"{first}(?:{word}){{{max(0, low - 2)},{high - 2}}}{last}{close}"


def _clashing(found: Parts, language: Language) -> frozenset[str]:
    """Words that would turn the fact into another: "has" where it *is* something, "is" where it *does* something."""
    if found.function & language.linking:
        return language.owning
    verbs = {stem(verb) for verb in language.verbs}
    if found.function & language.owning or any(stem(word) in verbs for word in found.content):
        return language.linking
    return frozenset()


def _opening(spec: LineSpec, language: Language, found: Parts, *, product: str, short: str, turn: int) -> str:
    if not spec.openings:
        return ""
    pattern = spec.openings[turn % len(spec.openings)]
    if "{doing}" in pattern and not found.doing:
        return ""
    forms = language.plural_forms if is_plural(short) else {}
    fact = found.content[0] if found.content else short
    acts = stem(fact) in {stem(verb) for verb in language.verbs}
    if "A {fact}" in pattern and (acts or found.function & language.linking):
        pattern = "{fact}"  # "It is glazed red" makes no "A glazed red", "It holds 350 ml" no "A holds"
    return upper_first(
        pattern.format(
            product=product, short=short, fact=fact, a_product=with_article(product, short),
            a_short=with_article(short, short), It=upper_first(forms.get("it", "it")),
            This=upper_first(forms.get("this", "this")),
            doing=found.doing[turn // 2 % len(found.doing)] if found.doing else "",
        )
    )  # fmt: skip


def with_article(name: str, short: str) -> str:
    """``a mug``, ``an apron``, ``socks``."""
    return name if is_plural(short) else f"{'an' if starts_with_vowel_sound(name) else 'a'} {name}"


def _optional(words: Collection[str]) -> str:
    return f"(?:{_any(words)} )?" if words else ""


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(_quote(word) for word in sorted(set(words))) + ")"


def _quote(text: str) -> str:
    # re.escape also escapes spaces, hyphens and letters outside ASCII, which some regex engines refuse.
    return re.sub(r"([.^$*+?{}\[\]\\|()/])", r"\\\1", text)
