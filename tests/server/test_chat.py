"""Chat, completions and models, asked by OpenAI's own client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Served

HELLO = [{"role": "user", "content": "a red mug on a table"}]


def test_a_conversation_is_answered(openai: Any) -> None:
    answer = openai.chat.completions.create(model="default", messages=HELLO)
    assert answer.object == "chat.completion"
    assert answer.model == "echo"
    choice = answer.choices[0]
    assert (choice.message.role, choice.message.content, choice.finish_reason) == (
        "assistant",
        "a red mug on a table",
        "stop",
    )
    assert answer.usage.completion_tokens == 6
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 6


def test_a_stream_says_the_same_in_pieces(openai: Any) -> None:
    options = {"include_usage": True}
    chunks = list(
        openai.chat.completions.create(model="echo", messages=HELLO, stream=True, stream_options=options, max_tokens=4)
    )
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].delta.content for c in chunks[:-2]] == ["a", " red", " mug", " on"]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 4


async def test_the_asynchronous_client(served: Served) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=served.url, api_key="none", max_retries=0) as client:
        whole = await client.chat.completions.create(model="default", messages=HELLO)
        stream = await client.chat.completions.create(model="default", messages=HELLO, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == whole.choices[0].message.content


def test_variants_have_seeds_that_follow_each_other(openai: Any) -> None:
    def variants(seed: int, n: int) -> list[str]:
        extra = {"options": {"scramble": True}}
        answer = openai.chat.completions.create(model="default", messages=HELLO, n=n, seed=seed, extra_body=extra)
        assert [choice.index for choice in answer.choices] == list(range(n))
        return [choice.message.content for choice in answer.choices]

    three = variants(5, 3)
    assert three == variants(5, 3)
    assert three[1:] == variants(6, 2)
    assert len(set(three)) > 1


def test_variants_are_streamed_side_by_side(openai: Any) -> None:
    extra = {"options": {"scramble": True}}
    whole = openai.chat.completions.create(model="default", messages=HELLO, n=3, seed=5, extra_body=extra)
    texts = ["", "", ""]
    reasons: list[str | None] = [None] * 3
    for chunk in openai.chat.completions.create(
        model="default", messages=HELLO, n=3, seed=5, extra_body=extra, stream=True
    ):
        choice = chunk.choices[0]
        texts[choice.index] += choice.delta.content or ""
        reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    assert texts == [choice.message.content for choice in whole.choices]
    assert reasons == ["stop"] * 3


def test_completions(openai: Any) -> None:
    answer = openai.completions.create(model="default", prompt=["one two", "three"], echo=True)
    assert [choice.text for choice in answer.choices] == ["one twoone two", "threethree"]
    assert answer.usage.prompt_tokens == 3
    stream = openai.completions.create(model="default", prompt="one two", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "one two"


def test_messages_in_parts_and_with_a_system(openai: Any) -> None:
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer", "refusal": None},
        {"role": "user", "content": [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]},
    ]
    assert openai.chat.completions.create(model="default", messages=messages).choices[0].message.content == "in parts"


def test_what_cannot_change_the_result_is_ignored_and_named(openai: Any) -> None:
    raw = openai.chat.completions.with_raw_response.create(
        model="default", messages=HELLO, user="u", store=True, metadata={"a": "b"}, service_tier="auto"
    )
    assert raw.headers["x-aigc-ignored"] == "metadata, store, user"
    assert raw.headers["x-aigc-job"]
    plain = openai.chat.completions.with_raw_response.create(model="default", messages=HELLO)
    assert "x-aigc-ignored" not in plain.headers


def test_models(openai: Any, served: Served) -> None:
    ids = [model.id for model in openai.models.list()]
    assert ids == ["default", "echo", "echo-slow"]
    assert openai.models.retrieve("echo").owned_by == "echo"
    assert httpx.get(f"{served.url}/models/ecko").json()["error"]["code"] == "model_not_found"


def test_nothing_kept_no_cross_origin(served: Served) -> None:
    answer = httpx.options(
        f"{served.url}/models", headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    )
    assert "access-control-allow-origin" not in answer.headers


# --- the default model --------------------------------------------------------------------------------------------


@pytest.mark.model
def test_the_default_model_answers(packaged: Served) -> None:
    openai = packaged.openai()
    ask = {"model": "default", "messages": [{"role": "user", "content": "Name three colours."}], "seed": 1}
    first = openai.chat.completions.create(**ask, max_tokens=24)
    again = openai.chat.completions.create(**ask, max_tokens=24)
    assert first.choices[0].message.content == again.choices[0].message.content
    assert first.usage.prompt_tokens > 5
    assert first.usage.completion_tokens <= 24
    streamed = openai.chat.completions.create(**ask, max_tokens=24, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
    assert text == first.choices[0].message.content


@pytest.mark.model
def test_length_and_stop(packaged: Served) -> None:
    openai = packaged.openai()
    ask = {"model": "default", "messages": [{"role": "user", "content": "Count from one to ten."}], "temperature": 0}
    cut = openai.chat.completions.create(**ask, max_completion_tokens=4)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens == 4
    whole = openai.chat.completions.create(**ask, max_tokens=40).choices[0].message.content
    word = whole.split()[3]
    stopped = openai.chat.completions.create(**ask, max_tokens=40, stop=[word]).choices[0]
    assert stopped.finish_reason == "stop"
    assert stopped.message.content == whole.partition(word)[0]


@pytest.mark.model
def test_json_of_a_schema(packaged: Served) -> None:
    import json

    import pydantic

    class Mug(pydantic.BaseModel):
        colour: str
        price: int

    ask = [{"role": "user", "content": "A red mug for nine euros, as JSON."}]
    answer = packaged.openai().chat.completions.parse(
        model="default", messages=ask, response_format=Mug, max_tokens=80, temperature=0
    )
    assert isinstance(answer.choices[0].message.parsed, Mug)
    free = packaged.openai().chat.completions.create(
        model="default", messages=ask, response_format={"type": "json_object"}, max_tokens=120, temperature=0
    )
    if free.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(free.choices[0].message.content), dict)


@pytest.mark.model
def test_a_prompt_that_is_too_long_is_told_before_a_stream_begins(packaged: Served) -> None:
    import openai

    long = [{"role": "user", "content": "word " * 30_000}]
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as failed:
            packaged.openai().chat.completions.create(model="default", messages=long, stream=stream)
        assert failed.value.code == "context_length_exceeded"
