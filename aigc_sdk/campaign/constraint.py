"""The words a small model may choose from, as a regular expression.

A model of 135 million parameters, left alone, writes about things that the brief does not mention, and does not know
when to stop. Given only the words of one fact, the product and a few neutral ones, it mostly finds a good order for
them. The expression also keeps a line from ending on a word that needs another after it, a preposition of the brief
before the word that it stands before in the brief, and "a" and "an" where they belong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from .language import Language, LineSpec
from .parts import DETERMINERS, MODALS, Parts, parts
from .words import is_number, is_plural, lower_first, starts_with_vowel_sound, upper_first


def can_say(spec: LineSpec, given: str, language: Language) -> bool:
    """False where a kind of line cannot be made of a text: "It ..." of an order such as "Send an invoice"."""
    return not language.spaced or bool(_usable_openings(spec, parts(given, language), language))


def line_regex(spec: LineSpec, language: Language, *, product: str, short: str, given: str, turn: int) -> str | None:
    """What one line may look like; None for a language without spaces.

    Args:
        product, short: the product's names. given: the fact, or the segment's description.
        turn: number of the candidate; openings are taken in turn.
    """
    if not language.spaced:
        return None
    found = parts(given, language)
    opening = _opening(spec, language, found, product=product, short=short, turn=turn)
    if spec.about == "fact":
        inner, ends, joins, links = _fact_words(spec, found, language, plural=is_plural(short))
    else:
        names = {product, short} if short not in opening else set()
        inner, ends, joins, links = _segment_words(spec, found, names)
    word = _one_of(inner | ends, links, joins)
    last = _one_of(ends, [link for link in links if link[1] in found.ends | {found.group}], joins)
    low, high = spec.words
    high = max(low, 2, min(high, len(found.content) + 2))
    close = _quote(spec.end)
    whole = f"{_quote(opening)}(?:{word}){{{max(0, low - 1)},{high - 1}}}{last}{close}"
    if low == 0 and lower_first(opening) in ends:
        return f"(?:{whole}|{_quote(opening)}{close})"
    if spec.about == "segment" and found.group and opening.endswith(" for"):
        return f"(?:{whole}|{_quote(opening)} {_quote(found.group)}{close})"
    return whole


def _fact_words(
    spec: LineSpec, found: Parts, language: Language, *, plural: bool
) -> tuple[set[str], set[str], set[str], list[tuple[str, str]]]:
    """Words for inside, words for the end, joining words, and linked words, for a line about a fact."""
    clashing = _clashing(found, language)
    forms = language.plural_forms if plural else {}
    joins = set(spec.joins | (found.function & language.linking)) - clashing
    bound = {word for link, word in found.links if link not in joins}
    neutral = {forms.get(word, word) for word in spec.inner - clashing}
    inner = (set(found.content) - bound) | neutral | (found.function & {"them", "you"})
    if modal := found.function & MODALS:
        joins |= {f"{word} be" if "be" in found.function else word for word in modal}
    return inner, set(found.ends) - bound, joins, [link for link in sorted(found.links) if link[1] in bound]


def _segment_words(
    spec: LineSpec, found: Parts, names: set[str]
) -> tuple[set[str], set[str], set[str], list[tuple[str, str]]]:
    """The same for a line about a segment, where some words only stand as the description has them."""
    bound = {"people", *found.group.split()}
    bound |= {word for phrase in found.doing for word in phrase.split()}
    bound |= {word for link, word in found.links if link.endswith(" the") or link in ("who", "that")}
    links = [link for link in sorted(found.links) if not any(link[1] in phrase.split() for phrase in found.doing)]
    if found.group:
        links = [link for link in links if link[1] not in found.group.split()] + [("for", found.group)]
    joins = set(spec.joins)
    links = [link for link in links if link[0] not in joins or link[1] in bound or link[1] == found.group]
    return (set(found.content) | names | spec.inner) - bound, (set(found.ends) | names) - bound, joins, links


def _clashing(found: Parts, language: Language) -> frozenset[str]:
    """Words that would turn the fact into another: "has" where it *is* something, "is" where it *does* something."""
    if found.function & MODALS or found.acts_itself:
        return language.linking | language.owning
    if found.function & language.linking:
        return language.owning
    does = found.acts or found.is_order or bool(found.function & language.owning)
    return language.linking if does or found.is_thing else frozenset()


def _usable_openings(spec: LineSpec, found: Parts, language: Language) -> list[str]:
    openings = list(spec.openings)
    if language.anchors & set(found.content):
        openings += spec.gift_openings
        openings = [opening for opening in openings if opening != "{doing} with"]  # "look for a gift with a mug"
    if not found.doing:
        openings = [opening for opening in openings if "{doing}" not in opening]
    if spec.about == "segment" and not found.group and not _segment_words(spec, found, set())[1]:
        openings = [opening for opening in openings if not opening.endswith(" for")]  # there is nothing to follow
    if spec.about == "fact" and found.is_order:
        openings = [opening for opening in openings if opening == "{fact}"]
    verb_first = bool(found.content) and found.acts and found.content[0] not in found.articled
    if verb_first or found.function & (language.linking | MODALS):
        # "It is glazed red" makes no "A glazed red", "It holds 350 ml" no "A holds".
        openings = [opening for opening in openings if opening != "A {fact}"]
    return openings


def _opening(spec: LineSpec, language: Language, found: Parts, *, product: str, short: str, turn: int) -> str:
    openings = _usable_openings(spec, found, language)
    forms = language.plural_forms if is_plural(short) else {}
    fact = found.content[0] if found.content else short
    filled = openings[turn % len(openings)].format(
        product=product,
        short=short,
        fact=fact,
        a_product=with_article(product, short),
        a_short=with_article(short, short),
        It=upper_first(forms.get("it", "it")),
        This=upper_first(forms.get("this", "this")),
        doing=found.doing[turn // 2 % len(found.doing)] if found.doing else "",
    )
    return upper_first(filled)


def with_article(name: str, short: str) -> str:
    """``a mug``, ``an apron``, ``socks``."""
    return name if is_plural(short) else f"{'an' if starts_with_vowel_sound(name) else 'a'} {name}"


def _one_of(words: Collection[str], links: Iterable[tuple[str, str]], joins: Collection[str]) -> str:
    """A space and one word with what may stand before it; a linked word also, or only, after its link."""
    joining = _optional(set(joins) - DETERMINERS)
    choices = [f"{joining}{_determined(words, set(joins) & DETERMINERS)}"] if words else []
    choices += [f"{_quote(link)} {_quote(word)}" for link, word in links]
    return f" (?:{'|'.join(choices)})"


def _determined(words: Collection[str], determiners: set[str]) -> str:
    """The words with a determiner or without; "a" and "an" only before singulars that take them."""
    choices = [f"{_optional(determiners - {'a', 'an'})}{_any(words)}"]
    if "a" in determiners:
        singular = [word for word in words if not is_plural(word) and (not is_number(word) or "-" in word)]
        for article in ("a", "an"):
            taking = [word for word in singular if starts_with_vowel_sound(word) == (article == "an")]
            choices += [f"{article} {_any(taking)}"] if taking else []
    return f"(?:{'|'.join(choices)})"


def _optional(words: Collection[str]) -> str:
    return f"(?:{_any(words)} )?" if words else ""


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(_quote(word) for word in sorted(set(words))) + ")"


def _quote(text: str) -> str:
    # re.escape also escapes spaces, hyphens and letters outside ASCII, which some regex engines refuse.
    return re.sub(r"([.^$*+?{}\[\]\\|()/])", r"\\\1", text)
