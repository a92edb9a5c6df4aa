"""Functions in chats, asked for by OpenAI's and LangChain's own clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .callers import calling_client
from .conftest import Serve, Served

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": CITY}}
TIME = {"type": "function", "function": {"name": "get_time"}}


@pytest.fixture
def served(serve: Serve) -> Iterator[Served]:
    with calling_client() as client:
        yield serve(client)


def ask(openai: Any, text: str, **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return openai.chat.completions.create(model="caller", messages=messages, **({"tools": [WEATHER, TIME]} | more))


def test_an_answer_calls_a_function(openai: Any) -> None:
    choice = ask(openai, "call it").choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name, json.loads(call.function.arguments)) == (
        "function",
        "get_weather",
        {"city": "call it"},
    )
    assert call.id.startswith("call_")


def test_an_answer_may_say_something_first(openai: Any) -> None:
    message = ask(openai, "call and say so").choices[0].message
    assert (message.content, len(message.tool_calls)) == ("I look.", 1)


def test_an_answer_may_call_nothing(openai: Any) -> None:
    choice = ask(openai, "a red mug").choices[0]
    assert (choice.finish_reason, choice.message.content, choice.message.tool_calls) == ("stop", "a red mug", None)


def test_the_choice_is_the_callers(openai: Any) -> None:
    assert ask(openai, "call", tool_choice="none").choices[0].message.content == "call"
    assert ask(openai, "a mug", tool_choice="required").choices[0].message.tool_calls[0].function.name == "get_weather"
    named = {"type": "function", "function": {"name": "get_time"}}
    call = ask(openai, "a mug", tool_choice=named).choices[0].message.tool_calls[0]
    assert (call.function.name, call.function.arguments) == ("get_time", "{}")


def test_a_call_that_was_cut_short_says_so(openai: Any) -> None:
    assert ask(openai, "call a long one").choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("text", "said"), [("call it", ""), ("call and say so", "I look."), ("a red mug", "a red mug")]
)
def test_a_stream_says_the_same(openai: Any, text: str, said: str) -> None:
    """OpenAI's own helper puts the pieces together."""
    messages = [{"role": "user", "content": text}]
    with openai.chat.completions.stream(model="caller", messages=messages, tools=[WEATHER]) as stream:
        whole = stream.get_final_completion().choices[0]
    plain = ask(openai, text, tools=[WEATHER]).choices[0]
    assert (whole.message.content or "") == (plain.message.content or "") == said
    assert whole.finish_reason == plain.finish_reason
    calls = [
        [(c.function.name, c.function.arguments) for c in m.tool_calls or []] for m in (whole.message, plain.message)
    ]
    assert calls[0] == calls[1]


def test_the_result_goes_back(openai: Any) -> None:
    asked = {"role": "user", "content": "call it"}
    made = ask(openai, "call it").choices[0].message
    result = {"role": "tool", "tool_call_id": made.tool_calls[0].id, "content": "rain"}
    answer = openai.chat.completions.create(model="caller", messages=[asked, made, result], tools=[WEATHER])
    assert answer.choices[0].message.content == "get_weather gave rain"


def made(arguments: str = "{}", **more: Any) -> dict[str, Any]:
    call = {"id": "1", "type": "function", "function": {"name": "get_time", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call], **more}


USER = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"tools": [{"type": "function", "function": {"name": "get weather"}}]}, "tools.0.function.name"),
        ({"tools": [WEATHER, WEATHER]}, "two tools have the same name"),
        ({"tools": [TIME] * 129}, "at most 128"),
        ({"tools": [TIME], "tool_choice": "always"}, "'none', 'auto' or 'required'"),
        ({"tools": [TIME], "tool_choice": {"type": "function", "function": {"name": "f"}}}, "none of the tools"),
        ({"tool_choice": "required"}, "there are no tools"),
        ({"tools": [TIME], "response_format": {"type": "json_object"}}, "not both"),
        ({"functions": []}, "unknown field 'functions'"),
        ({"messages": [USER, made(), {"role": "tool", "tool_call_id": "2", "content": "x"}]}, "of no call before it"),
        ({"messages": [USER, made(), {"role": "tool", "content": "x"}]}, "tool_call_id"),
        ({"messages": [USER, made("[1]"), USER]}, "no JSON object"),
        ({"messages": [USER, made("{"), USER]}, "no JSON object"),
        ({"messages": [made(role="user"), USER]}, "only the assistant"),
        ({"messages": [{"role": "user", "content": None}]}, "has content"),
        ({"messages": [USER, made()]}, "the last message"),
        ({"model": "echo", "tools": [TIME]}, "has no tools"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(served: Served, fields: dict[str, Any], what: str) -> None:
    body = {"model": "caller", "messages": [USER]} | fields
    answer = served.http().post("/chat/completions", json=body)
    assert answer.status_code == 400
    assert what in answer.json()["error"]["message"]


def test_langchain(served: Served) -> None:
    import pydantic

    class GetWeather(pydantic.BaseModel):
        """The weather."""

        city: str

    package = pytest.importorskip("langchain_openai")
    from langchain_core.messages import HumanMessage, ToolMessage

    model = package.ChatOpenAI(model="caller", base_url=served.url, api_key="none", max_retries=0)
    bound = model.bind_tools([GetWeather])
    asked = HumanMessage("call it")
    answer = bound.invoke([asked])
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [("GetWeather", {"city": "call it"})]
    streamed = None
    for piece in bound.stream([asked]):
        streamed = piece if streamed is None else streamed + piece
    assert streamed is not None
    assert [call["args"] for call in streamed.tool_calls] == [{"city": "call it"}]
    after = bound.invoke([asked, answer, ToolMessage("rain", tool_call_id=answer.tool_calls[0]["id"])])
    assert after.content == "GetWeather gave rain"
    structured = model.with_structured_output(GetWeather, method="function_calling")
    assert structured.invoke("Oslo") == GetWeather(city="Oslo")


# --- /v1/responses --------------------------------------------------------------------------------------------------

FLAT = {"type": "function", "name": "get_weather", "description": "The weather", "parameters": CITY, "strict": True}


def test_a_response_calls_a_function_and_takes_its_result(openai: Any) -> None:
    first = openai.responses.create(model="caller", input="call it", tools=[FLAT])
    (call,) = first.output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "get_weather", {"city": "call it"})
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    turns = [{"role": "user", "content": "call it"}, call.model_dump(exclude_none=True), result]
    after = openai.responses.create(model="caller", input=turns, tools=[FLAT])
    assert after.output_text == "get_weather gave rain"
    both = openai.responses.create(model="caller", input="call and say so", tools=[FLAT])
    assert [item.type for item in both.output] == ["message", "function_call"]
    named = {"type": "function", "name": "get_weather"}
    assert openai.responses.create(model="caller", input="x", tools=[FLAT], tool_choice=named).output[0].name
    assert openai.responses.create(model="caller", input="call", tools=[FLAT], tool_choice="none").output_text == "call"


@pytest.mark.parametrize("text", ["call it", "call and say so", "a red mug"])
def test_a_streamed_response_says_the_same(openai: Any, text: str) -> None:
    """OpenAI's own helper puts the events together."""

    def said(response: Any) -> list[Any]:
        return [getattr(item, "arguments", None) or item.content[0].text for item in response.output]

    with openai.responses.stream(model="caller", input=text, tools=[FLAT]) as stream:
        kinds = [event.type for event in stream]
        whole = stream.get_final_response()
    assert said(whole) == said(openai.responses.create(model="caller", input=text, tools=[FLAT]))
    assert ("response.function_call_arguments.done" in kinds) == text.startswith("call")


def test_langchain_by_responses(served: Served) -> None:
    package = pytest.importorskip("langchain_openai")
    model = package.ChatOpenAI(
        model="caller", base_url=served.url, api_key="none", max_retries=0, use_responses_api=True
    )
    answer = model.bind_tools([WEATHER]).invoke("call it")
    assert [call["args"] for call in answer.tool_calls] == [{"city": "call it"}]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"tools": [{"type": "web_search"}]}, "only tools of the type function"),
        ({"tools": [FLAT], "tool_choice": {"type": "function", "name": "f"}}, "none of the tools"),
        ({"tools": [FLAT], "text": {"format": {"type": "json_object"}}}, "not both"),
        ({"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]}, "of no call before it"),
        ({"input": [{"type": "reasoning", "summary": []}]}, "input.0"),
    ],
)
def test_responses_refuse_by_name(served: Served, fields: dict[str, Any], what: str) -> None:
    answer = served.http().post("/responses", json={"model": "caller", "input": "x"} | fields)
    assert answer.status_code == 400
    assert what in answer.json()["error"]["message"]


@pytest.mark.model
def test_the_default_model_keeps_to_the_schema(packaged: Served) -> None:
    unit = {"enum": ["celsius", "fahrenheit"]}
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": unit},
        "required": ["city", "unit"],
    }
    tool = {
        "type": "function",
        "function": {"name": "get_weather", "description": "The weather", "parameters": parameters},
    }
    messages = [{"role": "user", "content": "Is it raining in Tokyo right now?"}]
    answer = packaged.openai().chat.completions.create(
        model="default", messages=messages, tools=[tool, TIME], tool_choice="required", max_tokens=60, temperature=0
    )
    (call,) = answer.choices[0].message.tool_calls
    arguments = json.loads(call.function.arguments)
    assert (call.function.name, arguments["city"]) == ("get_weather", "Tokyo")
    assert arguments["unit"] in unit["enum"]
