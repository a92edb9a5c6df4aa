"""Words of a text: tokens with numbers kept with their units, content words, light English stems."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

_UNITS = (
    r"(?:m|c|d)?l|[kmµ]?g|[kcmµ]?m|oz|lbs?|inch(?:es)?|feet|ft|[kmg]?w|kwh|m?v|m?ah|[kmg]?hz|[kmgt]b|db|"
    r"°\s?[cf]|%|percent|seconds?|minutes?|hours?|days?|weeks?|months?|years?"
)
_NUMBER = r"(?:[€$£¥]\s?)?\d+(?:[.,:/]\d+)*"
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER}(?:[\s-]?(?:{_UNITS})(?![A-Za-z]))?[€$£¥]?)"
    r"|(?P<word>[^\W\d_]+(?:['’\-][^\W_]+)*|#\w+)"
    r"|(?P<mark>[^\w\s])",
    re.IGNORECASE,
)


def tokens(text: str) -> list[str]:
    """Words, numbers with their unit (``350 ml``, ``24 hours``, ``$9.99``) and punctuation marks, in order."""
    return [match.group() for match in _TOKEN.finditer(text)]


def is_number(token: str) -> bool:
    """True for a number, with or without unit or currency."""
    return any(c.isdigit() for c in token)


def is_word(token: str) -> bool:
    """True for a word or a number; False for a punctuation mark."""
    return any(c.isalnum() for c in token)


def number_key(token: str) -> str:
    """A number in the form in which it is compared: ``350 ml``, ``350-ml`` and ``350ml`` are the same."""
    return re.sub(r"[\s\-]|(?<=\d),(?=\d{3})", "", token.casefold())


def lower_first(text: str) -> str:
    """The text as it stands inside a sentence: names in capitals (``USB``) and of mixed case keep theirs."""
    head, space, rest = text.partition(" ")
    return (head.lower() if head[1:].islower() or len(head) == 1 else head) + space + rest


def upper_first(text: str) -> str:
    """The text as it stands at the start of a sentence."""
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without case and English endings, so that forms of one word are equal. Not a dictionary form."""
    word = re.sub(r"['’]s?$", "", word.casefold())
    if len(word) <= 3 or not word.isascii():
        return word
    for ending, least in (("ies", 2), ("ing", 3), ("ed", 3), ("es", 3), ("s", 3), ("y", 3), ("e", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]  # "stopping": stopp -> stop
    return word[:-1] if len(word) > 3 and word[-1] in "ei" else word


def content(text: str, function_words: Collection[str]) -> list[str]:
    """The tokens that carry meaning: no punctuation, no function words."""
    return [token for token in tokens(text) if is_word(token) and token.casefold() not in function_words]


def stems(texts: Iterable[str], function_words: Collection[str]) -> set[str]:
    """Stems of the content words of several texts; parts of hyphenated words too."""
    found = set()
    for text in texts:
        for token in content(text, function_words):
            found.add(number_key(token) if is_number(token) else stem(token))
            if "-" in token and not is_number(token):
                found.update(stem(part) for part in token.split("-"))
    return found


def overlap(one: str, other: str, function_words: Collection[str]) -> float:
    """Share of content words that two texts have in common (Jaccard), 0 to 1."""
    a, b = stems([one], function_words), stems([other], function_words)
    return len(a & b) / len(a | b) if a | b else float(one.casefold() == other.casefold())


def cjk(text: str) -> str:
    """Only the Chinese characters, kana and digits of a text."""
    return "".join(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\d]", text))


def is_plural(noun: str) -> bool:
    """True if an English noun looks like a plural: ``walls``, ``batches``; not ``glass``, ``bus``, ``basis``."""
    return re.search(r"[^siu]s$|[^aeiou]ies$|(sh|ch|x|s)es$", noun.casefold()) is not None


def starts_with_vowel_sound(word: str) -> bool:
    """True if an English word takes ``an``."""
    word = word.casefold()
    if re.match(r"uni[^nm]|us[aeiu]|eu|one|once|u[ktr][aeiou]", word):
        return False
    return word[:1] in "aeiou" or word.startswith(("hour", "honest", "heir"))


def slug(name: str) -> str:
    """A name as a file name: letters and digits of any script, the rest as hyphens; at most 60 characters."""
    return re.sub(r"[^\w]+", "-", name.casefold()).strip("-_")[:60] or "unnamed"
