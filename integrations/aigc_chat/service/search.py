"""Finds the passages that speak of what is asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import bm25s

from .passages import Passage
from .words import Words

_LOOKED_AT = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage for a question.

    Attributes:
        coverage: the share of the question's words that the passage has, 0 to 1, each weighed by how rare it is in all
            passages; one that none has weighs most.
    """

    passage: Passage
    coverage: float


class Search:
    """An index of passages: BM25 (Robertson and Zaragoza 2009) by bm25s.

    BM25 orders passages, but says not whether the first of them answers; for that, see :attr:`Hit.coverage`.
    """

    def __init__(self, passages: Sequence[Passage], words: Words) -> None:
        self._passages = list(passages)
        self._words = words
        tokens = [words.of(passage.searched) for passage in self._passages]
        self._sets = [set(found) for found in tokens]
        self._in = Counter(word for found in self._sets for word in found)
        self._index = bm25s.BM25()
        self._index.index(tokens, show_progress=False)

    def find(self, question: str, most: int = 3) -> list[Hit]:
        """The passages that fit a question, best first; none if it has no words that count."""
        asked = self.asked(question)
        known = [word for word in asked if word in self._in]
        if not known:
            return []
        count = min(_LOOKED_AT, len(self._passages))
        numbers, scores = self._index.retrieve([known], k=count, show_progress=False)
        hits = [
            Hit(self._passages[number], self.coverage(asked, self._sets[number]))
            for number, score in zip(numbers[0], scores[0], strict=True)
            if score > 0
        ]
        return sorted(hits, key=lambda hit: -hit.coverage)[:most]  # stable: BM25's order where they cover the same

    def asked(self, question: str) -> list[str]:
        """The words of a question that count; in place of one that no passage has, those in it, if there are any."""
        found: list[str] = []
        for *parts, word in self._words.groups(question):
            found += parts if parts and word not in self._in else [word]
        return found

    def coverage(self, asked: Sequence[str], found: set[str]) -> float:
        """How much of the words asked for is found; 0 if nothing is asked for."""
        weights = {word: self._weight(word) for word in asked}
        total = sum(weights.values())
        return sum(weight for word, weight in weights.items() if word in found) / total if total else 0.0

    def _weight(self, word: str) -> float:
        """The inverse document frequency of BM25."""
        having = self._in[word]
        return math.log(1 + (len(self._passages) - having + 0.5) / (having + 0.5))
