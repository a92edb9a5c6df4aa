"""Perplexity of a text under a backend: the measure of what a quantisation costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .backend import Backend


def perplexity(backend: Backend, tokens: Sequence[int]) -> float:
    """exp of the mean negative log-likelihood (natural log) of ``tokens[1:]``, each given all before it.

    The text goes through the backend's own path, one token at a time, as when it writes. At least two tokens.
    """
    if len(tokens) < 2:
        raise ValueError("a text of at least two tokens is needed")
    slot, logits = backend.prefill(tokens[:1])
    try:
        total = 0.0
        for token in tokens[1:]:
            total -= log_probability(logits, token)
            logits = backend.step({slot: token})[slot]
    finally:
        backend.free(slot)
    return math.exp(total / (len(tokens) - 1))


def log_probability(logits: np.ndarray, token: int) -> float:
    """Natural log of the probability of ``token`` under unscaled logits of shape (vocabulary,)."""
    wide = logits.astype(np.float64)
    top = wide.max()
    return float(wide[token] - top - math.log(np.exp(wide - top).sum()))
