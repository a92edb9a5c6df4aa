"""A fact or a segment's description, taken apart by what its words can do in a line about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .language import Language
from .words import is_plural, is_word, lower_first, stem, tokens

DETERMINERS = frozenset({"a", "an", "the", "your", "our", "my", "their", "his", "her", "its", "this", "these", "every"})
MODALS = frozenset({"can", "could", "will", "would", "may", "might", "must", "should"})
_SUBJECTS = frozenset({"it", "they", "you", "we"})
_YOURS = {"their": "your", "theirs": "yours", "they": "you", "them": "you", "themselves": "yourself"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The words of a text.

    Attributes:
        content: words that carry meaning, numbers with their unit, in order.
        ends: those of them that may end a line: they end a phrase in the text, as ``batches`` does in "made in small
            batches", but not ``small``.
        function: function words of the text itself.
        links: phrases of a function word and the content word that it leads to, such as "in small", "at your desk".
        articled: content words that follow an article in the text, and need one in a line.
        group: what people are called who are described ("commuters" in "commuters who cycle to work"); for a
            description without "who" the whole of it.
        doing: what they do, up to the first word that may end a line ("people who work from home and drink hot tea":
            "work from home", "drink hot tea").
        acts: it has a verb that says what the product does ("It holds 350 ml.", "Exports to CSV").
        acts_itself: the verb's subject is the product, named or not: "It holds 350 ml.", "Exports to CSV", but not
            "Thick walls keep coffee hot."
        is_order: it tells the reader what to do ("Send an invoice in two minutes.").
        is_thing: it is no sentence, but names something ("Two-year guarantee").
    """

    content: tuple[str, ...]
    ends: frozenset[str]
    function: frozenset[str]
    links: frozenset[tuple[str, str]]
    articled: frozenset[str]
    group: str
    doing: tuple[str, ...]
    acts: bool
    acts_itself: bool
    is_order: bool
    is_thing: bool


@lru_cache(maxsize=512)
def parts(text: str, language: Language) -> Parts:
    """Takes a text apart. For languages with spaces."""
    found = [t for t in tokens(lower_first(text)) if is_word(t) or t in ",.;:!?()"]
    content, ends, function, links, articled = [], set(), set(), set(), set()
    doing: list[list[str]] = []
    link, determiner, is_doing = "", "", False
    for token, after in zip(found, [*found[1:], "."], strict=False):
        if not is_word(token):
            link, determiner, is_doing = "", "", False
            continue
        word, stops = token.casefold(), not is_word(after)
        if is_doing:
            doing[-1].append(token)
        if word in language.function_words and not stops:
            function.add(word)
            link, determiner = (link, word) if word in DETERMINERS else (word, "")
            continue
        content.append(token)  # a function word at the end ("inside and out") belongs to the phrase
        if not token.endswith("s") and (link == "who" or (link == "and" and doing)):
            doing.append([token])
            is_doing = True
        elif link and link not in _SUBJECTS | language.linking | MODALS | {"be"}:
            links.add((" ".join(filter(None, (link, _YOURS.get(determiner, determiner)))), token))
        if determiner in ("a", "an", "the"):
            articled.add(token)
        link, determiner = "", ""
        if stops or after.casefold() in language.function_words:
            ends.add(token)
            is_doing = is_doing and doing[-1] == [token]
    words = [token for token in found if is_word(token)]
    is_order = len(words) > 1 and words[0] == content[0] and words[1].casefold() in DETERMINERS
    verbs = {stem(verb) for verb in language.verbs}
    verb_first = len(words) > 1 and words[0] == content[0] and is_plural(words[0])  # a verb's ending, too
    acts = verb_first or any(stem(word) in verbs for word in content)
    acts_itself = verb_first or (acts and words[0].casefold() in _SUBJECTS and stem(content[0]) in verbs)
    # Two content words at least, no verb and no preposition: "Two-year guarantee", but not "Woven in Wales".
    is_thing = not is_order and not acts and len(content) > 1 and not function
    if is_thing and not is_plural(content[-1]):
        articled.add(content[0])
    return Parts(
        content=tuple(content),
        ends=frozenset(ends),
        function=frozenset(function),
        links=frozenset(links),
        articled=frozenset(articled),
        group=_group(words),
        doing=tuple(" ".join(_YOURS.get(word, word) for word in phrase) for phrase in doing),
        acts=acts,
        acts_itself=acts_itself,
        is_order=is_order,
        is_thing=is_thing,
    )


def _group(words: list[str]) -> str:
    named = []
    for word in words:
        if word.casefold() in ("who", "that", "whose"):
            break
        named.append(word)
    return "" if named in (["people"], ["everyone"], ["anyone"], ["those"]) else " ".join(named)
