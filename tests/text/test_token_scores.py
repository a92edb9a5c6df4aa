"""Log-probabilities, token by token, over a backend whose scores are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from aigc_text.decoding import decode
from aigc_text.token_scores import log_softmax

from aigc_sdk import Completed, TextArtifact

from .fakes import FakeBackend, item, small_tokenizer
from .tiny import Context


def written(prompt: str, text: str = "", **fields: Any) -> TextArtifact:
    """What is written, or this text word for word."""
    tokenizer = small_tokenizer()
    scripts = {tuple(tokenizer.encode(prompt)): [*tokenizer.encode(text), *tokenizer.eos_ids]} if text else {}
    backend = FakeBackend(tokenizer.vocab_size, scripts=scripts)
    *_, (_, event) = decode([item(tokenizer, prompt, **fields)], backend, tokenizer, Context())
    assert isinstance(event, Completed)
    assert isinstance(event.artifact, TextArtifact)
    return event.artifact


def spelled(made: TextArtifact) -> bytes:
    return b"".join(bytes(token["bytes"]) for token in made.tokens)


def test_each_token_has_its_share() -> None:
    made = written("red", "a 红 mug", top_logprobs=3, temperature=0)
    assert spelled(made).decode() == made.text == "a 红 mug"
    for token in made.tokens:
        assert len(token["top"]) == 3
        assert [other["logprob"] for other in token["top"]] == sorted(
            (o["logprob"] for o in token["top"]), reverse=True
        )
        assert {k: token[k] for k in ("token", "bytes", "logprob")} == token["top"][0]  # greedy takes the likeliest
        assert bytes(token["bytes"]).decode("utf-8", "replace") == token["token"]
    assert made.logprob == pytest.approx(np.mean([token["logprob"] for token in made.tokens]))


def test_scores_are_the_models_own_whatever_is_chosen() -> None:
    """Before temperature, penalties and constraints."""
    plain = written("red", top_logprobs=0, temperature=0, max_tokens=1)
    forced = written("red", top_logprobs=1, temperature=0, max_tokens=1, regex="q")
    assert forced.text == "q"
    assert plain.tokens[0]["top"] == []
    assert forced.tokens[0]["top"][0]["logprob"] == plain.tokens[0]["logprob"] > forced.tokens[0]["logprob"]


def test_nothing_is_told_that_was_not_asked_for() -> None:
    assert written("red").tokens == ()
    assert written("red", logprobs=True).tokens == ()


def test_asking_changes_nothing() -> None:
    assert written("red", temperature=1.0, top_logprobs=5, seed=3).text == written("red", temperature=1.0, seed=3).text


def test_tokens_behind_a_stop_string_are_left_out() -> None:
    cut = written("red", "a red mug on a table", temperature=0, top_logprobs=0, stop=("ug on",))
    assert (cut.text, spelled(cut)) == ("a red m", b"a red mug")  # the token that the text was cut in is whole


def test_shares_add_up_to_one() -> None:
    logs = log_softmax(np.array([1.0, 2.0, 1000.0, -np.inf], np.float32))
    assert math.isclose(np.exp(logs).sum(), 1.0)
