"""What LangChain's standard suites do not look at."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aigc_frameworks.langchain import AigcImageTool, ChatAigc
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field, ValidationError, field_validator

from aigc_sdk import BrokenPlugin, Cancelled, Client, ImageArtifact, InvalidRequest, Job, UnknownModel


@pytest.fixture
def chat(client: Client) -> ChatAigc:
    return ChatAigc(model="echo", client=client)


def test_an_answer_says_what_made_it(chat: ChatAigc, jobs: list[Job]) -> None:
    answer = chat.invoke("one two three", seed=7)
    assert answer.text == "one two three"
    assert answer.response_metadata == {
        "model_name": "echo",
        "model_provider": "aigc",
        "finish_reason": "stop",
        "seed": 7,
        "job": jobs[0].id,
    }
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 3


def test_fields_come_from_the_model_and_then_from_the_call(client: Client, jobs: list[Job]) -> None:
    chat = ChatAigc(model="echo", temperature=0.5, max_tokens=9, stop=["a"], seed=1, timeout=30, client=client)
    chat.invoke("x")
    chat.bind(top_k=5, seed=2).invoke("x", temperature=0, stop=["b"], deadline_s=20)
    first, second = (job.request.model_dump() for job in jobs)
    assert {"temperature": 0.5, "max_tokens": 9, "stop": ("a",), "seed": 1, "deadline_s": 30}.items() <= first.items()
    assert {"temperature": 0, "max_tokens": 9, "stop": ("b",), "seed": 2, "deadline_s": 20}.items() <= second.items()
    assert second["top_k"] == 5


def test_all_kinds_of_turns(chat: ChatAigc, jobs: list[Job]) -> None:
    blocks: list[Any] = [{"type": "text", "text": "three "}, "four"]
    chat.invoke([SystemMessage("one"), ChatMessage("two", role="user"), AIMessage("2"), HumanMessage(blocks)])
    turns = [(turn["role"], turn["content"]) for turn in jobs[0].request.model_dump()["messages"]]
    assert turns == [("system", "one"), ("user", "two"), ("assistant", "2"), ("user", "three four")]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (ToolMessage("4", tool_call_id="1"), "role 'tool'"),
        (HumanMessage([{"type": "image", "url": "https://example.org/a.png"}]), "type 'image'"),
    ],
)
def test_what_a_text_model_cannot_read_is_refused(chat: ChatAigc, message: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        chat.invoke([message])


def test_unknown_fields_are_refused(chat: ChatAigc) -> None:
    with pytest.raises(ValidationError, match="temprature"):
        ChatAigc(temprature=1)  # type: ignore[call-arg]
    with pytest.raises(InvalidRequest, match="temprature"):
        chat.invoke("x", temprature=1)


async def test_errors_pass_through(client: Client) -> None:
    unknown = ChatAigc(model="ekko", client=client)
    with pytest.raises(UnknownModel):
        unknown.invoke("x")
    with pytest.raises(UnknownModel):
        await unknown.ainvoke("x")
    broken = ChatAigc(model="echo", client=client, options={"fail": "error"})
    with pytest.raises(BrokenPlugin):
        list(broken.stream("one two"))
    with pytest.raises(BrokenPlugin):
        [chunk async for chunk in broken.astream("one two")]


def test_a_stream_comes_while_the_job_runs_and_ends_with_its_reader(client: Client, jobs: list[Job]) -> None:
    chat = ChatAigc(model="echo", client=client, options={"delay_ms": 20})
    for chunk in chat.stream("one " * 500):
        assert chunk.text == "one"
        assert jobs[0].state == "running"
        break
    assert jobs[0].state == "cancelled"


async def test_an_async_stream_ends_with_its_reader(client: Client, jobs: list[Job]) -> None:
    chat = ChatAigc(model="echo", client=client, options={"delay_ms": 20})
    stream = chat.astream("one " * 500)
    assert (await anext(stream)).text == "one"
    assert jobs[0].state == "running"
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)  # the inner generators are closed by the loop
    with pytest.raises(Cancelled):
        await asyncio.to_thread(jobs[0].result, 10)


async def test_a_cancelled_task_cancels_the_job(client: Client, jobs: list[Job]) -> None:
    chat = ChatAigc(model="echo", client=client, options={"delay_ms": 20})
    task = asyncio.create_task(chat.ainvoke("one " * 500))
    while not jobs:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert jobs[0].state == "cancelled"


def test_in_a_chain(chat: ChatAigc) -> None:
    chain = ChatPromptTemplate.from_template("an ad for {thing}") | chat | StrOutputParser()
    assert chain.invoke({"thing": "a mug"}) == "an ad for a mug"
    assert list(chain.stream({"thing": "mugs"})) == ["an", " ad", " for", " mugs", ""]


def test_a_cache_tells_models_apart(client: Client, jobs: list[Job]) -> None:
    cache = InMemoryCache()
    for seed in (1, 1, 2):
        ChatAigc(model="echo", seed=seed, cache=cache, client=client).invoke("x")
    assert [job.request.seed for job in jobs] == [1, 2]


class Advert(BaseModel):
    """An advert."""

    headline: str = Field(description="a few words")
    tone: str


@pytest.mark.model
def test_structured_output_within_limits() -> None:
    chat = ChatAigc(seed=1, max_tokens=200)
    limits = {"headline": 20, "tone": 10}
    made = chat.with_structured_output(Advert, include_raw=True, max_chars=limits).invoke("An ad for a red mug")
    assert isinstance(made, dict)
    assert made["parsing_error"] is None
    assert len(made["parsed"].headline) <= 20
    assert made["raw"].response_metadata["finish_reason"] == "stop"


class Refused(BaseModel):
    """A class whose own check no JSON schema tells of."""

    word: str

    @field_validator("word")
    @classmethod
    def _never(cls, word: str) -> str:
        raise ValueError("no word will do")


@pytest.mark.model
def test_what_the_class_refuses_is_told_with_the_raw_answer() -> None:
    chat = ChatAigc(seed=1, max_tokens=30)
    made = chat.with_structured_output(Refused, include_raw=True).invoke("An ad for a red mug")
    assert isinstance(made, dict)
    assert made["parsed"] is None
    assert "no word will do" in str(made["parsing_error"])
    assert made["raw"].text.startswith("{")


@pytest.mark.model
def test_the_image_tool_saves_its_pictures(tmp_path: Path) -> None:
    tool = AigcImageTool(folder=tmp_path / "new", fields={"steps": 2})
    call = {"name": tool.name, "args": {"prompt": "red mug, flat", "seed": 5}, "id": "1", "type": "tool_call"}
    message = tool.invoke(call)
    assert isinstance(message.artifact, ImageArtifact)
    (saved,) = (tmp_path / "new").glob("*.png")
    assert saved.read_bytes() == message.artifact.content()
    assert str(saved) in message.content
    assert "seed 5" in message.content


def test_the_image_tool_passes_errors_through(client: Client) -> None:
    with pytest.raises(UnknownModel):
        AigcImageTool(model="no-such", client=client).invoke({"prompt": "a mug"})
