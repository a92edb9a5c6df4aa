"""Writes numbers out in whatever language a model reads, as far as num2words knows it."""

from __future__ import annotations

import re

from .english import spelled
from .english import written_out as english

_THREE_LETTERS = {
    "eng": "en",
    "deu": "de",
    "fra": "fr",
    "spa": "es",
    "ita": "it",
    "por": "pt",
    "nld": "nl",
    "pol": "pl",
    "rus": "ru",
    "ukr": "uk",
    "tur": "tr",
    "swe": "sv",
    "dan": "da",
    "nob": "no",
    "fin": "fi",
    "ces": "cs",
    "hun": "hu",
    "ron": "ro",
    "kor": "ko",
    "jpn": "ja",
    "vie": "vi",
    "tha": "th",
    "ara": "ar",
    "heb": "he",
}
"""ISO 639-3, which MMS uses, to BCP-47."""


def written_out(text: str, language: str | None) -> str:
    """The text with its numbers as words.

    Args:
        language: BCP-47 or ISO 639-3; None is English.
    """
    tag = (language or "en").lower().replace("_", "-").split("-")[0]
    tag = _THREE_LETTERS.get(tag, tag)
    if tag == "en":
        return spelled(english(text))
    from num2words import num2words

    def words(match: re.Match[str]) -> str:
        number = match[0].replace(",", ".")
        try:
            return str(num2words(float(number) if "." in number else int(number), lang=tag))
        except (NotImplementedError, OverflowError):
            return match[0]

    return re.sub(r"\d+(?:[.,]\d+)?", words, text)
