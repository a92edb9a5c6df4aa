"""Words of a text, so that a question and a passage can be compared: stems, without those that say nothing."""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORDS_FOR_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_WORDS_FOR_NUMBERS.split())}
_HAN_DIGITS = {word: str(number) for number, word in enumerate("零一二三四五六七八九十")} | {"两": "2"}


class Words:
    """Takes texts apart.

    Args:
        synonyms: a word, and the word that means the same in the texts at hand.
    """

    def __init__(self, synonyms: Mapping[str, str] | None = None) -> None:
        table = _table()
        self._empty = {_stem(word) for words in table["empty"].values() for word in words.split()}
        self._turns = [(re.compile(pattern), word) for pattern, word in table["turns"]]
        self._same = {_stem(word): name for name, words in table["same"].items() for word in words.split()}
        for word, other in (synonyms or {}).items():
            name = self._same.get(_stem(other.lower()), _stem(other.lower()))
            self._same[_stem(word.lower())] = name

    def of(self, text: str) -> list[str]:
        """The words that count, in their order. One that has others in it gives these, too."""
        return [word for words in self.groups(text) for word in words]

    def groups(self, text: str) -> list[list[str]]:
        """The words that count; one with others in it, such as ``check-in``, in one list with these, last."""
        text = unicodedata.normalize("NFKC", text).lower()
        for pattern, word in self._turns:
            text = pattern.sub(f" {word} ", text)
        found = [[self._name(word) for word in words if self._counts(word)] for words in _cut(text)]
        return [words for words in found if words]

    def _counts(self, word: str) -> bool:
        return _stem(word.removesuffix("'s")) not in self._empty

    def _name(self, word: str) -> str:
        stem = _stem(word)
        return str(self._same.get(stem, stem))


def numbers(text: str) -> set[str]:
    """The numbers of a text, ``two`` and ``二`` as ``2``, ``1,500`` as ``1500``, ``14,90`` as ``14.9``."""
    text = unicodedata.normalize("NFKC", text).lower()
    found = {_plain_number(number) for number in _NUMBER.findall(text)}
    found |= {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", text) if word in _NUMBER_WORDS}
    return found | {_HAN_DIGITS[digit] for digit in text if digit in _HAN_DIGITS}


def _plain_number(number: str) -> str:
    whole, mark, rest = re.match(r"(.*?)(?:([.,])(\d{1,2}))?$", number).groups()  # type: ignore[union-attr]
    digits = re.sub(r"[.,]", "", whole)
    return f"{digits}.{rest}".rstrip("0").rstrip(".") if mark else digits


def _cut(text: str) -> Iterator[list[str]]:
    """The words, each with those in it."""
    for run in _RUN.findall(text):
        if not re.match(r"[\u3400-\u9fff\uf900-\ufaff]", run):
            yield [*run.split("-"), run] if "-" in run else [run]
            continue
        for word in _segmenter().lcut(run):
            yield [str(part) for part in _segmenter().lcut_for_search(word)]


@cache
def _segmenter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba imports the old pkg_resources
        import jieba

    jieba.setLogLevel(logging.WARNING)
    return jieba


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@cache
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word)) if word.isascii() else word


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("words.yaml").read_text("utf-8"))
    return loaded
