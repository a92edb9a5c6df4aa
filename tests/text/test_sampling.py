"""The sampler's filters against the definition, its seeds, penalties and the loop guard."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from aigc_text.sampling import Sampler, is_looping
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

LOGITS = arrays(np.float32, st.integers(2, 700), elements=st.floats(-20, 20, width=32))


def drawn(logits: np.ndarray, times: int = 300, **options: float) -> Counter[int]:
    sampler = Sampler(seed=1, **options)  # type: ignore[arg-type]
    return Counter(sampler.choose(logits.copy()) for _ in range(times))


def kept(logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float) -> set[int]:
    """What may be drawn, by the definition: sort everything, cut. Ties with the last one kept stay."""
    chances = np.exp((logits.astype(np.float64) - logits.max()) / temperature)
    order = np.argsort(-chances, kind="stable")
    if top_k:
        order = order[chances[order] >= chances[order[min(top_k, len(order)) - 1]]]
    if top_p < 1:
        sums = np.cumsum(chances[order])
        last = int(np.searchsorted(sums, top_p * sums[-1] * (1 + 1e-6)))
        order = order[chances[order] >= chances[order[min(last, len(order) - 1)]] * (1 - 1e-5)]
    return {int(i) for i in order if chances[i] >= min_p * (1 - 1e-5)}


@given(LOGITS, st.sampled_from([0.3, 1.0, 2.5]), st.integers(0, 60), st.floats(0.05, 1), st.floats(0, 0.5))
def test_draws_only_what_the_filters_keep(
    logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    found = drawn(logits, 40, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    assert set(found) <= kept(logits, temperature, top_k, top_p, min_p)


def test_draws_as_often_as_the_probabilities_say() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    found = drawn(logits, 20_000)
    assert [found[i] / 20_000 for i in range(4)] == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.015)


def test_draws_from_a_long_flat_distribution_everywhere() -> None:
    found = drawn(np.zeros(5_000, np.float32), 20_000)
    assert len(found) > 4_800
    assert max(found.values()) < 25


def test_temperature_0_takes_the_likeliest() -> None:
    assert drawn(np.array([1, 5, 2], np.float32), temperature=0) == {1: 300}


def test_only_allowed_ids_are_chosen() -> None:
    sampler = Sampler(seed=3, temperature=2, top_k=5, top_p=0.9)
    logits = np.array([9, 1, 8, 1, 7, 1], np.float32)
    assert {sampler.choose(logits.copy(), np.array([1, 3, 5])) for _ in range(100)} == {1, 3, 5}


def test_equal_seeds_choose_alike_and_others_do_not() -> None:
    logits = np.random.default_rng(0).normal(0, 1, 1000).astype(np.float32)

    def run(seed: int) -> list[int]:
        sampler = Sampler(seed=seed)
        return [sampler.choose(logits.copy()) for _ in range(20)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert run(2**53 - 1) == run(2**53 - 1)


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits_of_what_was_written() -> None:
    sampler = Sampler(seed=0, temperature=0, repetition_penalty=2)
    sampler.accept(0)
    sampler.accept(2)
    logits = np.array([4, 3, -1, -1.5], np.float32)
    assert sampler.choose(logits) == 1
    assert logits.tolist() == [2, 3, -2, -1.5]


def test_no_ngram_is_written_twice() -> None:
    sampler = Sampler(seed=0, temperature=0, no_repeat_ngram=2)
    logits = np.arange(12, dtype=np.float32)
    written = []
    for _ in range(20):
        written.append(sampler.choose(logits.copy()))
        sampler.accept(written[-1])
    pairs = list(itertools.pairwise(written))
    assert len(set(pairs)) == len(pairs)


def test_where_all_that_is_allowed_would_repeat_it_repeats() -> None:
    sampler = Sampler(seed=0, temperature=1, no_repeat_ngram=1)
    sampler.accept(2)
    assert sampler.choose(np.array([1, 1, 1], np.float32), np.array([2])) == 2


@pytest.mark.parametrize("period", [1, 5, 12, 64])
def test_a_repeating_passage_is_found(period: int) -> None:
    rng = np.random.default_rng(period)
    passage = [int(i) for i in rng.integers(0, 1000, period)]
    start = [int(i) for i in rng.integers(1000, 2000, 100)]
    assert is_looping(start + passage * max(4, 50 // period))
    assert not is_looping(start + passage * 3)


def test_ordinary_text_is_no_loop() -> None:
    assert not is_looping([int(i) for i in np.random.default_rng(0).integers(0, 50, 2000)])
    assert not is_looping([])
