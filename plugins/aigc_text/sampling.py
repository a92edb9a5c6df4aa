"""Chooses the next token from logits: penalties, temperature, top-k, top-p, min-p, and a seed of its own per item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .backend import Logits

    Ids = NDArray[np.int64]

_FIRST_GUESS = 256
"""Tokens looked at first for a nucleus, before all are sorted; most are smaller than that."""
_BLOCK = 256
"""Chances summed up at once when one is drawn."""


class Sampler:
    """The choices of one item. They depend on its logits, options and seed, and on nothing else.

    The filters apply in the order temperature, top-k, top-p, min-p, as in transformers. Penalties look at what was
    written, not at the prompt.

    Args:
        seed: 0 to 2**53 - 1; one Philox stream per item (Salmon et al. 2011,
            https://doi.org/10.1145/2063384.2063405).
        temperature: 0 takes the likeliest token.
        top_k: only the k likeliest; 0 is off.
        top_p: only the smallest set of tokens that has this much probability together; 1 is off.
        min_p: only tokens at least this probable relative to the likeliest; 0 is off (https://arxiv.org/abs/2407.01082).
        repetition_penalty: 1 is off (Keskar et al. 2019, https://arxiv.org/abs/1909.05858).
        no_repeat_ngram: no sequence of this many tokens is written twice; 0 is off.
    """

    def __init__(
        self,
        *,
        seed: int,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        no_repeat_ngram: int = 0,
    ) -> None:
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.min_p = min_p
        self.repetition_penalty = repetition_penalty
        self._random = np.random.Generator(np.random.Philox(seed))
        self._written: dict[int, None] = {}
        self._ngrams = _Ngrams(no_repeat_ngram)

    def choose(self, logits: Logits, allowed: Ids | None = None) -> int:
        """One token id.

        Args:
            logits: of the whole vocabulary; changed in place.
            allowed: ids to choose among, ascending, at least one; None allows all.
        """
        self._penalise(logits)
        values = logits if allowed is None else logits[allowed]
        place = int(values.argmax()) if self.temperature == 0 else self._draw(values)
        if values[place] == -np.inf and allowed is not None:  # all that is allowed would repeat: repeat, then
            place = 0
        return place if allowed is None else int(allowed[place])

    def accept(self, token: int) -> None:
        """Notes a token as written."""
        self._written[token] = None
        self._ngrams.add(token)

    def _penalise(self, logits: Logits) -> None:
        if self.repetition_penalty != 1 and self._written:
            ids = np.fromiter(self._written, np.int64, len(self._written))
            scores = logits[ids]
            logits[ids] = np.where(scores > 0, scores / self.repetition_penalty, scores * self.repetition_penalty)
        if banned := self._ngrams.banned():
            logits[banned] = -np.inf

    def _draw(self, values: Logits) -> int:
        """The place of a token drawn from the filtered distribution."""
        highest = values.max()
        if highest == -np.inf:
            return 0
        chances = np.exp((values - highest) * np.float32(1 / self.temperature))
        places = np.arange(len(chances)) if self.top_k == 0 else _likeliest(chances, self.top_k)
        if self.top_p < 1:
            places = places[_nucleus(chances[places] if self.top_k else chances, self.top_p)]
        if self.min_p > 0:
            places = places[chances[places] >= self.min_p]  # the likeliest has chance 1
        # Ordered by id, not by chance: a last-bit difference between devices then rarely changes the outcome.
        return int(places[_pick(chances[places], self._random.random())])


def _pick(chances: Logits, share: float) -> int:
    """The place where the running sum of the chances passes ``share`` (0 to below 1) of their total."""
    blocks = np.add.reduceat(chances, np.arange(0, len(chances), _BLOCK), dtype=np.float64)
    sums = np.cumsum(blocks)
    wanted = share * sums[-1]
    block = min(int(np.searchsorted(sums, wanted, side="right")), len(sums) - 1)
    inside = np.cumsum(chances[block * _BLOCK : (block + 1) * _BLOCK], dtype=np.float64)
    place = int(np.searchsorted(inside, wanted - (sums[block] - blocks[block]), side="right"))
    return block * _BLOCK + min(place, len(inside) - 1)


def _likeliest(chances: Logits, count: int) -> Ids:
    """Places of the ``count`` highest chances, and of those equal to the last of them, ascending."""
    if count >= len(chances):
        return np.arange(len(chances))
    return np.flatnonzero(chances >= np.partition(chances, -count)[-count])


def _nucleus(chances: Logits, share: float) -> Ids:
    """Places of the highest chances that have ``share`` of all, and of those equal to the last of them, ascending."""
    wanted = share * float(chances.sum(dtype=np.float64))
    for count in (_FIRST_GUESS, len(chances)):
        some = np.partition(chances, -count)[-count:] if count < len(chances) else chances
        falling = np.sort(some)[::-1]
        sums = np.cumsum(falling, dtype=np.float64)
        if sums[-1] >= wanted:
            break
    last = min(int(np.searchsorted(sums, wanted)), len(falling) - 1)
    return np.flatnonzero(chances >= falling[last])


class _Ngrams:
    """Which tokens would complete a sequence of ``size`` tokens that was written before."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tail: tuple[int, ...] = ()
        self._followers: dict[tuple[int, ...], list[int]] = {}

    def add(self, token: int) -> None:
        if self._size == 0:
            return
        if len(self._tail) == self._size - 1:
            self._followers.setdefault(self._tail, []).append(token)
        self._tail = (*self._tail, token)[-(self._size - 1) :] if self._size > 1 else ()

    def banned(self) -> list[int]:
        return self._followers.get(self._tail, []) if self._size else []


def is_looping(tokens: Sequence[int] | Sequence[str], *, longest: int = 64, least: int = 48, times: int = 4) -> bool:
    """True if the text has fallen into writing the same passage again and again.

    That is: it ends with one passage of at most ``longest`` tokens, written at least ``times`` times in a row and over
    at least ``least`` tokens.
    """
    for period in range(1, min(longest, len(tokens) // times) + 1):
        span = max(period * times, least)
        if span <= len(tokens) and tokens[-span:-period] == tokens[len(tokens) - span + period :]:
            return True
    return False
