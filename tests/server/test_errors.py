"""Every refusal is in OpenAI's shape, says what is wrong by name, and is no accident."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Served

HELLO = [{"role": "user", "content": "hello"}]


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of an answer, whose shape is looked at."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    return error


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"messages": None}, "messages", "valid list"),
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role", "'user'"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content", "valid string"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, None, "last message must be the user's"),
        ({"temperature": 9}, "temperature", "less than or equal to 2"),
        ({"temperature": "hot"}, "temperature", "valid number"),
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"max_tokens": 10**9}, None, "max_tokens"),
        ({"n": 17}, "n", "less than or equal to 16"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"stop": [""]}, None, "stop string is empty"),
        ({"tools": [{"type": "function"}]}, "tools.0.function", "Field required"),
        ({"tool_choice": "required"}, None, "there are no tools"),
        ({"logprobs": True}, None, "has no top_logprobs"),
        ({"top_logprobs": 3}, None, "needs logprobs"),
        ({"frequency_penalty": 1}, "frequency_penalty", "repetition_penalty is"),
        ({"logit_bias": {"1": 2}}, "logit_bias", "is not supported"),
        ({"modalities": ["audio"]}, "modalities.0", "'text'"),
        ({"model": ""}, "model", "at least 1 character"),
    ],
)
def test_wrong_values(served: Served, fields: dict[str, Any], param: str | None, said: str) -> None:
    answer = httpx.post(f"{served.url}/chat/completions", json={"messages": HELLO, **fields})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert said in error["message"]


@pytest.mark.parametrize(
    ("path", "body", "param", "nearest"),
    [
        ("/chat/completions", {"mesages": HELLO}, "mesages", "messages"),
        ("/chat/completions", {"messages": HELLO, "max_token": 5}, "max_token", "max_tokens"),
        ("/chat/completions", {"messages": [{**HELLO[0], "rol": 1}]}, "messages.0.rol", "role"),
        (
            "/chat/completions",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "txt": "y"}]}]},
            "messages.0.content.0.txt",
            "text",
        ),
        (
            "/chat/completions",
            {"messages": HELLO, "response_format": {"type": "json_schema", "json_schema": {"shema": {}}}},
            "response_format.json_schema.shema",
            "schema",
        ),
        ("/completions", {"promt": "x"}, "promt", "prompt"),
        ("/responses", {"inputs": "x"}, "inputs", "input"),
    ],
)
def test_an_unknown_field_and_the_nearest_known_one(
    served: Served, path: str, body: dict[str, Any], param: str, nearest: str
) -> None:
    error = refused(httpx.post(served.url + path, json=body), 400, "unknown_field")
    assert error["param"] == param
    assert f"did you mean '{nearest}'" in error["message"]


def test_a_picture_in_a_message_is_refused_by_name(served: Served) -> None:
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]
    error = refused(httpx.post(f"{served.url}/chat/completions", json={"messages": picture}), 400, "unknown_field")
    assert error["param"] == "messages.0.content.0.image_url"
    assert "example.com" not in error["message"]


def test_empty_prompts(served: Served) -> None:
    error = refused(httpx.post(f"{served.url}/completions", json={"prompt": " "}), 400, "invalid_request")
    assert "prompt that is not empty" in error["message"]
    refused(httpx.post(f"{served.url}/completions", json={"prompt": []}), 400, "invalid_value")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b'{"messages": ' + b"[" * 100_000,
        b'{"seed": ' + b"9" * 5000 + b"}",
        b"[]",
        b"null",
        b'"x"',
    ],
)
def test_no_json(served: Served, content: bytes) -> None:
    answer = httpx.post(f"{served.url}/chat/completions", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "content",
    [b'{"prompt": "\\ud800"}', b'{"prompt": "x", "f\\ud800": 1}', b'{"prompt": "x", "temperature": NaN}'],
)
def test_what_json_lets_in_and_utf8_does_not_let_out(served: Served, content: bytes) -> None:
    answer = httpx.post(f"{served.url}/completions", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_no_json_said(served: Served) -> None:
    body = b'{"prompt": "x"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = httpx.post(f"{served.url}/completions", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400, kind


def test_models_that_are_not_there(served: Served) -> None:
    for model in ("ecco", "org/name", "/etc", "hf:org/name", "file:/etc", "../x"):
        answer = httpx.post(f"{served.url}/chat/completions", json={"model": model, "messages": HELLO})
        error = refused(answer, 404, "model_not_found")
        assert error["type"] == "invalid_request_error"


def test_openais_client_raises_its_own_errors(openai: Any) -> None:
    import openai as package

    with pytest.raises(package.NotFoundError, match="did you mean 'echo'"):
        openai.chat.completions.create(model="ecko", messages=HELLO)
    with pytest.raises(package.BadRequestError, match="unknown option 'dely'"):
        openai.chat.completions.create(model="default", messages=HELLO, extra_body={"options": {"dely": 1}})
    with pytest.raises(package.BadRequestError, match="does not serve feature-extraction"):
        openai.embeddings.create(model="echo", input="x")


def test_a_plugin_that_fails(openai: Any) -> None:
    import openai as package

    extra = {"options": {"fail": "error"}}
    messages = [{"role": "user", "content": "two words"}]
    with pytest.raises(package.InternalServerError, match="provoked by the echo plugin"):
        openai.chat.completions.create(model="default", messages=messages, extra_body=extra)
    stream = openai.chat.completions.create(model="default", messages=messages, extra_body=extra, stream=True)
    assert next(stream).choices[0].delta.content == "two"
    with pytest.raises(package.APIError, match="provoked by the echo plugin"):
        next(stream)


def test_an_accident_is_told_without_its_inside(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(served.state, "_submitted", broken)
    answer = httpx.post(f"{served.url}/chat/completions", json={"messages": HELLO})
    error = refused(answer, 500, "internal_error")
    assert "secret" not in error["message"]


def test_paths_and_methods(served: Served) -> None:
    root = served.url.removesuffix("/v1")
    error = refused(httpx.post(f"{root}/chat/completions", json={}), 404, "not_found")
    assert "did you mean '/v1/chat/completions'" in error["message"]
    answer = httpx.get(f"{served.url}/chat/completions")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
