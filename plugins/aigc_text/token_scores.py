"""Log-probabilities of the tokens that were written, and of those that might have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .constraint import vocabulary_of
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .backend import Logits


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    """Natural logs of the tokens' probabilities under unscaled logits."""
    scores = logits.astype(np.float64)
    scores -= scores.max()
    return scores - np.log(np.exp(scores).sum())


def _likeliest(logs: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Ids of so many of the likeliest tokens, the likeliest first; of equal ones, the lower id."""
    if count == 0:
        return np.array([], np.int64)
    some = np.argpartition(logs, -count)[-count:]
    return some[np.lexsort((some, -logs[some]))]


class TokenScores:
    """What was written of one item, token by token.

    Args:
        top: how many of the likeliest tokens are noted in each place; None notes nothing but the mean.
    """

    def __init__(self, tokenizer: Tokenizer, vocab_size: int, top: int | None) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = None if top is None else vocabulary_of(tokenizer, vocab_size)
        self._top = top or 0
        self._logprobs: list[float] = []
        self._tokens: list[dict[str, Any]] = []

    def add(self, logits: Logits, token: int) -> None:
        """One more token, and the logits that it was chosen from."""
        logs = log_softmax(logits)
        self._logprobs.append(float(logs[token]))
        if self._vocabulary is not None:
            top = [self._told(int(other), float(logs[other])) for other in _likeliest(logs, self._top)]
            self._tokens.append(self._told(token, float(logs[token])) | {"top": top})

    @property
    def mean(self) -> float | None:
        """Mean log-probability; None if nothing was written."""
        return float(np.mean(self._logprobs)) if self._logprobs else None

    def tokens(self, text: str, *, cut: bool) -> tuple[dict[str, Any], ...]:
        """As :attr:`TextArtifact.tokens` has them. If the text was cut, without the tokens that follow it."""
        left = len(text.encode()) if cut else None
        kept = []
        for token in self._tokens:
            if left is not None and left <= 0:
                break
            left = None if left is None else left - len(token["bytes"])
            kept.append(token)
        return tuple(kept)

    def _told(self, token: int, logprob: float) -> dict[str, Any]:
        assert self._vocabulary is not None
        raw = self._vocabulary.bytes_of(token)
        if not raw:  # a special token, such as the end
            raw = (self._tokenizer.inner.id_to_token(token) or "").encode()
        return {"token": raw.decode("utf-8", "replace"), "bytes": list(raw), "logprob": logprob}
