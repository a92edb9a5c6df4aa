"""Log-probabilities in chats, asked for by OpenAI's own client."""

from __future__ import annotations

import math
from typing import Any

import pytest

from .conftest import Served

HELLO = [{"role": "user", "content": "Name a colour"}]


def asked(packaged: Served, **more: Any) -> Any:
    fields = {"model": "default", "messages": HELLO, "max_tokens": 6, "temperature": 0, "logprobs": True}
    return packaged.openai().chat.completions.create(**(fields | more))


@pytest.mark.model
def test_each_token_has_its_log_probability(packaged: Served) -> None:
    choice = asked(packaged, top_logprobs=2).choices[0]
    tokens = choice.logprobs.content
    assert "".join(token.token for token in tokens) == choice.message.content
    for token in tokens:
        assert bytes(token.bytes).decode() == token.token
        assert token.logprob <= 0
        assert len(token.top_logprobs) == 2
        assert math.isclose(token.top_logprobs[0].logprob, max(t.logprob for t in token.top_logprobs))
    assert [token.top_logprobs for token in asked(packaged).choices[0].logprobs.content] == [[]] * len(tokens)


@pytest.mark.model
def test_a_stream_ends_with_them(packaged: Served) -> None:
    plain = asked(packaged, top_logprobs=1).choices[0]
    pieces = [chunk.choices[0] for chunk in asked(packaged, top_logprobs=1, stream=True)]
    assert all(piece.logprobs is None for piece in pieces[:-1])
    assert pieces[-1].logprobs.content == plain.logprobs.content


def test_a_runner_that_has_none_says_so(served: Served) -> None:
    answer = served.http().post("/chat/completions", json={"messages": HELLO, "logprobs": True})
    assert answer.status_code == 400
    assert "has no top_logprobs" in answer.json()["error"]["message"]
