"""``/v1/responses``, asked by OpenAI's own client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Served


def test_a_text_is_answered(openai: Any) -> None:
    answer = openai.responses.create(model="default", input="a red mug", instructions="be brief")
    assert answer.status == "completed"
    assert answer.output_text == "a red mug"
    assert answer.instructions == "be brief"
    assert answer.usage.output_tokens == 3
    assert answer.usage.total_tokens == answer.usage.input_tokens + 3


def test_a_conversation_goes_on_with_what_was_put_out(openai: Any) -> None:
    first = openai.responses.create(model="default", input="one")
    turns = [{"role": "user", "content": "one"}, *(item.to_dict() for item in first.output)]
    turns.append({"role": "user", "content": [{"type": "input_text", "text": "two"}]})
    assert openai.responses.create(model="default", input=turns).output_text == "two"


def test_the_events_of_a_stream(openai: Any) -> None:
    with openai.responses.stream(model="default", input="a red mug") as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == "a red mug"
    assert final.usage.output_tokens == 3


def test_a_failure_within_a_stream(openai: Any) -> None:
    extra = {"options": {"fail": "error"}}
    events = list(openai.responses.create(model="default", input="a red mug", stream=True, extra_body=extra))
    assert events[-1].type == "response.failed"
    assert "provoked by the echo plugin" in events[-1].response.error.message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id: is not supported: responses are not kept"),
        ({"tools": [{"type": "web_search"}]}, "tools.0: only tools of the type function"),
        ({"reasoning": {"effort": "high"}}, "reasoning: is not supported"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "schema goes with type json_schema"),
        ({"input": []}, "input: "),
        ({"max_tokens": 5}, "did you mean 'max_output_tokens'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(served: Served, fields: dict[str, Any], named: str) -> None:
    answer = httpx.post(f"{served.url}/responses", json={"input": "x", **fields})
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


def test_what_is_ignored_is_named(served: Served) -> None:
    body = {"input": "x", "store": False, "truncation": "auto", "metadata": {"a": "b"}}
    answer = httpx.post(f"{served.url}/responses", json=body)
    assert answer.headers["x-aigc-ignored"] == "metadata, store, truncation"
    assert answer.json()["metadata"] == {"a": "b"}


@pytest.mark.model
def test_json_and_length(packaged: Served) -> None:
    import pydantic

    class Mug(pydantic.BaseModel):
        colour: str

    openai = packaged.openai()
    answer = openai.responses.parse(
        model="default", input="A red mug, as JSON.", text_format=Mug, max_output_tokens=60, temperature=0
    )
    assert isinstance(answer.output_parsed, Mug)
    cut = openai.responses.create(model="default", input="Tell me a story.", max_output_tokens=5)
    assert cut.status == "incomplete"
    assert cut.incomplete_details.reason == "max_output_tokens"
    assert cut.usage.output_tokens == 5
