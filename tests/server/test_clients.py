"""Programs that others have written for OpenAI's API run against the server as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.venvs import Venv

from .conftest import Served


@pytest.fixture
def langchain(served: Served) -> Any:
    """LangChain's ChatOpenAI."""
    package = pytest.importorskip("langchain_openai")
    return package.ChatOpenAI(model="default", base_url=served.url, api_key="none", max_retries=0)


def test_langchain(langchain: Any) -> None:
    answer = langchain.invoke([("system", "be brief"), ("human", "a red mug")])
    assert answer.content == "a red mug"
    assert answer.usage_metadata["output_tokens"] == 3
    assert answer.response_metadata["finish_reason"] == "stop"
    assert [a.content for a in langchain.batch(["one", "two"])] == ["one", "two"]


def test_langchain_streams(langchain: Any) -> None:
    pieces = list(langchain.stream("a red mug"))
    assert "".join(piece.content for piece in pieces) == "a red mug"
    assert [piece.content for piece in pieces if piece.content] == ["a", " red", " mug"]


async def test_langchain_in_asyncio(langchain: Any) -> None:
    assert (await langchain.ainvoke("a red mug")).content == "a red mug"
    assert "".join([piece.content async for piece in langchain.astream("a red mug")]) == "a red mug"


def test_langchain_by_responses(langchain: Any) -> None:
    by_responses = langchain.model_copy(update={"use_responses_api": True})
    assert by_responses.invoke("a red mug").text == "a red mug"
    assert "".join(piece.text for piece in by_responses.stream("a red mug")) == "a red mug"


def test_langchain_with_an_answer_of_a_schema(langchain: Any) -> None:
    import pydantic

    class Mug(pydantic.BaseModel):
        colour: str
        price: int

    # The echo plugin says what it is told.
    asked = langchain.with_structured_output(Mug, method="json_schema")
    assert asked.invoke('{"colour":"red","price":9}') == Mug(colour="red", price=9)


def test_langchain_counts_what_it_streams(langchain: Any) -> None:
    whole = None
    for piece in langchain.stream("a red mug", stream_usage=True):
        whole = piece if whole is None else whole + piece
    assert whole.usage_metadata["output_tokens"] == 3


@pytest.mark.model
def test_langchain_with_a_schema(packaged: Served) -> None:
    import pydantic

    class Mug(pydantic.BaseModel):
        colour: str

    package = pytest.importorskip("langchain_openai")
    model = package.ChatOpenAI(
        model="default", base_url=packaged.url, api_key="none", max_retries=0, max_tokens=60, temperature=0
    )
    assert isinstance(model.with_structured_output(Mug, method="json_schema").invoke("A red mug, as JSON."), Mug)


LLAMA_INDEX = """
import asyncio, sys
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(model="default", api_base=sys.argv[1], api_key="none", is_chat_model=True, max_retries=0)
print(model.chat([ChatMessage(role="system", content="be brief"), ChatMessage(role="user", content="a red mug")]))
print("".join(piece.delta for piece in model.stream_chat([ChatMessage(role="user", content="a red mug")])))
print(asyncio.run(model.achat([ChatMessage(role="user", content="a red mug")])))
plain = OpenAILike(model="default", api_base=sys.argv[1], api_key="none", is_chat_model=False, max_retries=0)
print(plain.complete("a red mug"))
print("".join(piece.delta for piece in plain.stream_complete("a red mug")))
"""
# It wants a version of OpenAI's client from before the one the other tests use.
LLAMA_INDEX_NEEDS = ("llama-index-llms-openai-like==0.8.1", "llama-index-llms-openai==0.8.3", "openai==2.54.0")


@pytest.mark.install
def test_llama_index(served: Served, tmp_path: Path) -> None:
    pytest.importorskip("llama_index.core")
    environment = Venv(tmp_path / "venv")
    command = [sys.executable, "-m", "pip", "--python", str(environment.python), "install", "-q", "--no-deps"]
    subprocess.run([*command, *LLAMA_INDEX_NEEDS], check=True, timeout=300)
    told = environment.run_python("-c", LLAMA_INDEX, served.url).splitlines()
    assert told == ["assistant: a red mug", "a red mug", "assistant: a red mug", "a red mug", "a red mug"]
