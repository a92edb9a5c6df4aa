"""The LlamaIndex model through LlamaIndex's own faces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aigc_frameworks.llama_index import AigcLLM
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel, ValidationError

from aigc_sdk import BrokenPlugin, Client, InvalidRequest, Job, UnknownModel


@pytest.fixture
def llm(client: Client) -> AigcLLM:
    return AigcLLM(model="echo", client=client)


def test_complete_says_what_made_it(llm: AigcLLM, jobs: list[Job]) -> None:
    response = llm.complete("one two three", seed=7)
    assert response.text == "one two three"
    told = {"model": "echo", "finish_reason": "stop", "seed": 7, "job": jobs[0].id}
    assert response.additional_kwargs == told | {"prompt_tokens": 3, "completion_tokens": 3}


def test_a_stream_gives_the_new_text_and_all_so_far(llm: AigcLLM) -> None:
    steps = [(step.delta, step.text) for step in llm.stream_complete("one two")]
    assert steps == [("one", "one"), (" two", "one two"), ("", "one two")]


def test_chat(llm: AigcLLM, jobs: list[Job]) -> None:
    turns = [ChatMessage(role=role, content=role) for role in ("system", "user", "assistant", "user")]
    reply = llm.chat(turns)
    assert (reply.message.role.value, reply.message.content) == ("assistant", "user")
    assert reply.additional_kwargs["completion_tokens"] == 1
    sent = jobs[0].request.model_dump()["messages"]
    assert [(turn["role"], turn["content"]) for turn in sent] == [(turn.role, turn.content) for turn in turns]
    steps = [(step.delta, step.message.content) for step in llm.stream_chat([ChatMessage("one two")])]
    assert steps == [("one", "one"), (" two", "one two"), ("", "one two")]


async def test_the_awaited_twins_say_the_same(llm: AigcLLM) -> None:
    turns = [ChatMessage("one two")]
    assert (await llm.acomplete("one two")).text == "one two"
    assert (await llm.achat(turns)).message.content == "one two"
    assert [step.delta async for step in await llm.astream_complete("one two")] == ["one", " two", ""]
    assert [step.delta async for step in await llm.astream_chat(turns)] == ["one", " two", ""]


def test_fields_come_from_the_model_and_then_from_the_call(client: Client, jobs: list[Job]) -> None:
    llm = AigcLLM(model="echo", temperature=0.5, max_tokens=9, stop=["a"], seed=1, client=client)
    llm.complete("x")
    llm.complete("x", temperature=0, seed=2, top_k=5)
    first, second = (job.request.model_dump() for job in jobs)
    assert {"temperature": 0.5, "max_tokens": 9, "stop": ("a",), "seed": 1}.items() <= first.items()
    assert {"temperature": 0, "max_tokens": 9, "seed": 2, "top_k": 5}.items() <= second.items()
    assert llm.metadata.num_output == 9
    assert llm.metadata.model_name == "echo"
    with pytest.raises(ValidationError, match="temprature"):
        AigcLLM(temprature=1)
    with pytest.raises(InvalidRequest, match="temprature"):
        llm.complete("x", temprature=1)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (ChatMessage(role="tool", content="4"), "role 'tool'"),
        (ChatMessage(blocks=[TextBlock(text="see"), ImageBlock(url="https://example.org/a.png")]), "type 'image'"),
    ],
)
def test_what_a_text_model_cannot_read_is_refused(llm: AigcLLM, message: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        llm.chat([message])


async def test_errors_pass_through(client: Client) -> None:
    unknown = AigcLLM(model="ekko", client=client)
    with pytest.raises(UnknownModel):
        unknown.complete("x")
    with pytest.raises(UnknownModel):
        await unknown.achat([ChatMessage("x")])
    broken = AigcLLM(model="echo", client=client, options={"fail": "error"})
    with pytest.raises(BrokenPlugin):
        list(broken.stream_complete("one two"))


def test_a_stream_comes_while_the_job_runs_and_ends_with_its_reader(client: Client, jobs: list[Job]) -> None:
    llm = AigcLLM(model="echo", client=client, options={"delay_ms": 20})
    for step in llm.stream_complete("one " * 500):
        assert step.delta == "one"
        assert jobs[0].state == "running"
        break
    assert jobs[0].state == "cancelled"
    for _ in llm.stream_chat([ChatMessage("one " * 500)]):
        break
    assert jobs[1].state == "cancelled"


async def test_a_cancelled_task_cancels_the_job(client: Client, jobs: list[Job]) -> None:
    llm = AigcLLM(model="echo", client=client, options={"delay_ms": 20})
    task = asyncio.create_task(llm.acomplete("one " * 500))
    while not jobs:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert jobs[0].state == "cancelled"


def test_the_token_counter_of_llama_index_gets_our_counts(client: Client) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    llm = AigcLLM(model="echo", client=client, callback_manager=CallbackManager([counter]))
    llm.complete("one two three")
    assert counter.completion_llm_token_count == 3


class Advert(BaseModel):
    headline: str
    tone: str


@pytest.mark.model
async def test_structured_answers() -> None:
    llm = AigcLLM(seed=1, max_tokens=80)
    prompt = PromptTemplate("An ad for {thing}")
    made = llm.structured_predict(Advert, prompt, thing="a red mug")
    assert isinstance(made, Advert)
    assert await llm.astructured_predict(Advert, prompt, thing="a red mug") == made
    assert isinstance(llm.as_structured_llm(Advert).complete("An ad for a red mug").raw, Advert)
