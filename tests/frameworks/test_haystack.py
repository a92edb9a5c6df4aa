"""The Haystack components, alone and in a pipeline."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from aigc_frameworks.haystack import AigcChatGenerator, AigcImageGenerator
from haystack import Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.dataclasses import ByteStream, ChatMessage, ImageContent, StreamingChunk
from PIL import Image

from aigc_sdk import BrokenPlugin, Client, InvalidRequest, Job, UnknownModel


@pytest.fixture
def generator(client: Client) -> AigcChatGenerator:
    return AigcChatGenerator(model="echo", client=client)


def heard(chunk: StreamingChunk) -> None:
    """A callback that can be named in YAML."""


def test_a_reply_says_what_made_it(generator: AigcChatGenerator, jobs: list[Job]) -> None:
    (reply,) = generator.run("one two three", generation_kwargs={"seed": 7})["replies"]
    assert reply.text == "one two three"
    assert reply.meta == {
        "model": "echo",
        "index": 0,
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 0, "completion_tokens": 3, "total_tokens": 3},
        "seed": 7,
        "job": jobs[0].id,
    }


def test_fields_come_from_the_component_and_then_from_the_call(client: Client, jobs: list[Job]) -> None:
    generator = AigcChatGenerator("echo", generation_kwargs={"temperature": 0.5, "seed": 1}, client=client)
    turns = [ChatMessage.from_system("one"), ChatMessage.from_user("two")]
    generator.run(turns, generation_kwargs={"seed": 2})
    sent = jobs[0].request.model_dump()
    assert {"model": "echo", "temperature": 0.5, "seed": 2}.items() <= sent.items()
    assert [(turn["role"], turn["content"]) for turn in sent["messages"]] == [("system", "one"), ("user", "two")]
    with pytest.raises(InvalidRequest, match="temprature"):
        generator.run("x", generation_kwargs={"temprature": 1})


def test_chunks_come_while_the_job_runs(client: Client, jobs: list[Job]) -> None:
    chunks: list[StreamingChunk] = []
    states = []

    def call(chunk: StreamingChunk) -> None:
        chunks.append(chunk)
        states.append(jobs[0].state)

    generator = AigcChatGenerator("echo", client=client, generation_kwargs={"options": {"delay_ms": 20}})
    (reply,) = generator.run("one two three", streaming_callback=call)["replies"]
    assert [chunk.content for chunk in chunks] == ["one", " two", " three", ""]
    assert states[:2] == ["running", "running"]
    assert [chunk.start for chunk in chunks] == [True, False, False, False]
    assert chunks[-1].finish_reason == "stop"
    assert chunks[-1].meta == reply.meta
    assert chunks[0].component_info is not None
    assert chunks[0].component_info.type == "aigc_frameworks.haystack.AigcChatGenerator"


def test_a_callback_that_fails_ends_the_job(client: Client, jobs: list[Job]) -> None:
    def call(chunk: StreamingChunk) -> None:
        raise ZeroDivisionError

    generator = AigcChatGenerator("echo", call, {"options": {"delay_ms": 20}}, client)
    with pytest.raises(ZeroDivisionError):
        generator.run("one " * 500)
    assert jobs[0].state == "cancelled"


async def test_awaited(generator: AigcChatGenerator) -> None:
    pieces = []

    async def call(chunk: StreamingChunk) -> None:
        await asyncio.sleep(0)
        pieces.append(chunk.content)

    (reply,) = (await generator.run_async("one two", streaming_callback=call))["replies"]
    assert pieces == ["one", " two", ""]
    assert reply.text == "one two"
    assert (await generator.run_async("one two"))["replies"][0].text == "one two"


async def test_a_cancelled_task_cancels_the_job(client: Client, jobs: list[Job]) -> None:
    generator = AigcChatGenerator("echo", client=client, generation_kwargs={"options": {"delay_ms": 20}})
    task = asyncio.create_task(generator.run_async("one " * 500))
    while not jobs:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert jobs[0].state == "cancelled"


async def test_errors_pass_through(client: Client) -> None:
    with pytest.raises(UnknownModel):
        AigcChatGenerator("ekko", client=client).run("x")
    with pytest.raises(UnknownModel):
        await AigcImageGenerator("ekko", client=client).run_async("x")
    broken = AigcChatGenerator("echo", heard, {"options": {"fail": "error"}}, client)
    with pytest.raises(BrokenPlugin):
        broken.run("one two")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (ChatMessage.from_user(content_parts=["see", ImageContent("aGk=", mime_type="image/png")]), "'images'"),
        (ChatMessage.from_assistant("x"), "last message must be the user's"),
    ],
)
def test_what_a_text_model_cannot_read_is_refused(generator: AigcChatGenerator, message: Any, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        generator.run([message])


def _pipeline(client: Client | None) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("ask", ChatPromptBuilder([ChatMessage.from_user("an ad for {{thing}}")]))
    pipeline.add_component("chat", AigcChatGenerator("echo", heard, {"seed": 3, "stop": ["\n"]}, client))
    pipeline.connect("ask.prompt", "chat.messages")
    return pipeline


def test_a_pipeline(client: Client) -> None:
    made = _pipeline(client).run({"ask": {"thing": "a mug"}})
    assert made["chat"]["replies"][0].text == "an ad for a mug"


def test_a_pipeline_through_yaml() -> None:
    pipeline = _pipeline(None)
    pipeline.add_component("draw", AigcImageGenerator("pictograms-64", {"steps": 2}))
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["aigc_frameworks.haystack", __name__])
    assert again == pipeline
    chat: Any = again.get_component("chat")
    assert (chat.model, chat.generation_kwargs, chat.client) == ("echo", {"seed": 3, "stop": ["\n"]}, None)
    assert chat.streaming_callback is heard


@pytest.mark.model
def test_a_picture() -> None:
    generator = AigcImageGenerator(generation_kwargs={"steps": 2})
    (picture,) = generator.run("red mug, flat", {"seed": 5})["images"]
    assert isinstance(picture, ByteStream)
    assert picture.mime_type == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    assert picture.meta["seed"] == 5
    assert (picture.meta["width"], picture.meta["height"]) == Image.open(io.BytesIO(picture.data)).size
