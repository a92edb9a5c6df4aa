"""A word-level Markov chain."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

MAX_ORDER = 3
ENDS = (".", "!", "?")


class Chain:
    """Counts which word follows which.

    Args:
        text: sentences, each ending with one of ``ENDS``.
    """

    def __init__(self, text: str) -> None:
        words = text.split()
        self._followers: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for place, word in enumerate(words):
            for order in range(MAX_ORDER + 1):
                if order <= place:
                    self._followers[tuple(words[place - order : place])][word] += 1
        self._starts = Counter(word for before, word in zip([".", *words], words, strict=False) if before[-1] in ENDS)

    def next(self, before: Sequence[str], order: int, draw: random.Random, temperature: float) -> tuple[str, float]:
        """Draws the word after ``before``.

        Args:
            order: most words of ``before`` that count; fewer, if these never stood together.
            temperature: 0 takes the likeliest, 1 draws as often as counted, more flattens.

        Returns:
            The word and the natural logarithm of its share in the counts.
        """
        counts = self._counts(before, order)
        if temperature == 0:
            word = max(counts, key=lambda w: (counts[w], w))
        else:
            word = draw.choices(list(counts), [n ** (1 / temperature) for n in counts.values()])[0]
        return word, math.log(counts[word] / counts.total())

    def _counts(self, before: Sequence[str], order: int) -> Counter[str]:
        if not before or before[-1].endswith(ENDS):
            return self._starts
        for length in range(min(order, len(before)), 0, -1):
            if found := self._followers.get(tuple(before[-length:])):
                return found
        return self._starts
