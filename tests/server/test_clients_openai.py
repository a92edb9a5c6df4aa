"""OpenAI's own client, synchronous and asynchronous, against every endpoint: with their names of models and voices."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pydantic
import pytest
from PIL import Image

from .conftest import Serve, Served
from .makers import CLIP, Small, small_client
from .vectors import MANIFEST as LETTERS

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

NAMES = dict.fromkeys(["gpt-4o-mini", "gpt-image-1", "gpt-4o-mini-tts", "whisper-1", "sora-2"], "default")
NAMES |= {"text-embedding-3-small": "letters", "gpt-3.5-turbo-instruct": "default"}
HELLO = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "a red mug"}]


class Mug(pydantic.BaseModel):
    colour: str
    price: int


MUG = '{"colour":"red","price":9}'
"""What the echo plugin says when it is asked for this: an answer that fits the schema."""


@pytest.fixture
def served(serve: Serve) -> Iterator[Served]:
    with small_client() as client:
        client.registry.add(LETTERS)
        yield serve(client, aliases=NAMES)
        Small.go.set()


@pytest.fixture
def api(served: Served) -> Any:
    return served.openai()


@pytest.fixture
async def asynchronous(served: Served) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(base_url=served.url, api_key="none", max_retries=0, timeout=60) as client:
        yield client


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 8), colour).save(file, "png")
    return file.getvalue()


# --- synchronous --------------------------------------------------------------------------------------------------


def test_models(api: Any) -> None:
    assert {"default", "echo", "letters", *NAMES} <= {model.id for model in api.models.list()}
    assert api.models.retrieve("gpt-4o-mini").id == "gpt-4o-mini"


def test_chat(api: Any) -> None:
    ask = {"model": "gpt-4o-mini", "messages": HELLO}
    assert api.chat.completions.create(**ask).choices[0].message.content == "a red mug"
    chunks = list(api.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "a red mug"
    assert chunks[-1].usage.completion_tokens == 3
    with api.chat.completions.stream(**ask) as stream:
        kinds = {event.type for event in stream}
        assert stream.get_final_completion().choices[0].message.content == "a red mug"
    assert {"chunk", "content.delta", "content.done"} <= kinds


def test_chat_with_a_schema(api: Any) -> None:
    ask = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": MUG}], "response_format": Mug}
    assert api.chat.completions.parse(**ask).choices[0].message.parsed == Mug(colour="red", price=9)
    with api.chat.completions.stream(**ask) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Mug(colour="red", price=9)


def test_what_scripts_send_along(api: Any) -> None:
    answer = api.chat.completions.with_raw_response.create(
        model="gpt-4o-mini",
        messages=HELLO,
        metadata={"a": "b"},
        n=1,
        prediction={"type": "content", "content": "a red mug"},
        prompt_cache_key="k",
        prompt_cache_retention="24h",
        safety_identifier="s",
        seed=7,
        service_tier="auto",
        stop=None,
        store=False,
        temperature=0,
        top_p=1,
        tool_choice="none",
        user="u",
        verbosity="medium",
    )
    ignored = (
        "metadata, prediction, prompt_cache_key, prompt_cache_retention, safety_identifier, store, user, verbosity"
    )
    assert answer.headers["x-aigc-ignored"] == ignored
    api.responses.create(
        model="gpt-4o-mini",
        input="x",
        include=[],
        max_tool_calls=3,
        parallel_tool_calls=True,
        prompt_cache_key="k",
        service_tier="default",
        store=False,
        stream=True,
        stream_options={"include_obfuscation": False},
        truncation="disabled",
    ).close()


def test_completions(api: Any) -> None:
    ask = {"model": "gpt-3.5-turbo-instruct", "prompt": "a red mug"}
    assert api.completions.create(**ask).choices[0].text == "a red mug"
    assert "".join(chunk.choices[0].text for chunk in api.completions.create(**ask, stream=True)) == "a red mug"


def test_responses(api: Any) -> None:
    ask = {"model": "gpt-4o-mini", "input": "a red mug"}
    assert api.responses.create(**ask).output_text == "a red mug"
    deltas = [e.delta for e in api.responses.create(**ask, stream=True) if e.type == "response.output_text.delta"]
    assert "".join(deltas) == "a red mug"
    parsed = api.responses.parse(model="gpt-4o-mini", input=MUG, text_format=Mug)
    assert parsed.output_parsed == Mug(colour="red", price=9)
    with api.responses.stream(model="gpt-4o-mini", input=MUG, text_format=Mug) as stream:
        assert stream.get_final_response().output_parsed == Mug(colour="red", price=9)


def test_embeddings(api: Any) -> None:
    answer = api.embeddings.create(model="text-embedding-3-small", input=["a red mug", "cab"], dimensions=4)
    assert [len(made.embedding) for made in answer.data] == [4, 4]


def test_images(api: Any) -> None:
    (picture,) = api.images.generate(model="gpt-image-1", prompt="red", size="32x16", user="u").data
    assert picture.b64_json
    events = list(api.images.generate(model="gpt-image-1", prompt="red", stream=True, partial_images=1))
    assert [event.type for event in events][-1] == "image_generation.completed"
    assert api.images.edit(model="gpt-image-1", image=("a.png", png("blue")), prompt="red").data[0].b64_json
    edited = api.images.edit(model="gpt-image-1", image=("a.png", png("blue")), prompt="red", stream=True)
    assert [event.type for event in edited][-1] == "image_edit.completed"


def test_speech(api: Any) -> None:
    ask = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "one two"}
    assert api.audio.speech.create(**ask, response_format="wav").read()[:4] == b"RIFF"
    with api.audio.speech.with_streaming_response.create(**ask, response_format="pcm") as answer:
        assert len(b"".join(answer.iter_bytes())) == 2 * 480
    assert len(api.audio.speech.create(**ask).read()) > 100  # mp3, which is OpenAI's default


def test_transcriptions(api: Any) -> None:
    ask = {"model": "whisper-1", "file": ("a.wav", b"sound")}
    create = api.audio.transcriptions.create
    assert create(**ask).text == "Hello there. Good <bye>."
    assert create(**ask, response_format="text").strip() == "Hello there. Good <bye>."
    assert create(**ask, response_format="srt").startswith("1\n00:00:00,000 -->")
    assert create(**ask, response_format="vtt").startswith("WEBVTT")
    verbose = create(**ask, response_format="verbose_json", timestamp_granularities=["segment"])
    assert (verbose.duration, len(verbose.segments)) == (1.5, 2)
    events = list(create(**ask, stream=True))
    assert [event.type for event in events][-1] == "transcript.text.done"


def test_videos(api: Any) -> None:
    video = api.videos.create_and_poll(model="sora-2", prompt="a ball", seconds="4", size="64x36", poll_interval_ms=20)
    assert (video.status, video.progress) == ("completed", 100)
    assert api.videos.retrieve(video.id).id == video.id
    assert api.videos.download_content(video.id).read() == CLIP
    assert [found.id for found in api.videos.list()] == [video.id]
    assert api.videos.delete(video.id).deleted
    assert list(api.videos.list()) == []


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (lambda api: api.chat.completions.create(model="gpt-5", messages=HELLO), "NotFoundError", "model_not_found"),
        (
            lambda api: api.images.generate(prompt="red", size="3x3", quality="ultra"),
            "BadRequestError",
            "invalid_value",
        ),
        (lambda api: api.audio.speech.create(model="default", voice="bob", input="x"), "BadRequestError", None),
        (lambda api: api.videos.retrieve("video_none"), "NotFoundError", None),
        (lambda api: api.moderations.create(input="x"), "NotFoundError", "not_found"),
    ],
)
def test_errors_are_the_clients_own(api: Any, call: Any, error: str, code: str | None) -> None:
    with pytest.raises(getattr(openai, error)) as raised:
        call(api)
    assert code in (None, raised.value.code)
    assert raised.value.body["message"]


# --- asynchronous -------------------------------------------------------------------------------------------------


async def test_text_in_asyncio(asynchronous: Any) -> None:
    api = asynchronous
    assert "gpt-4o-mini" in {model.id async for model in api.models.list()}
    ask = {"model": "gpt-4o-mini", "messages": HELLO}
    assert (await api.chat.completions.create(**ask)).choices[0].message.content == "a red mug"
    pieces = [chunk.choices[0].delta.content async for chunk in await api.chat.completions.create(**ask, stream=True)]
    assert "".join(piece or "" for piece in pieces) == "a red mug"
    schema = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": MUG}], "response_format": Mug}
    assert (await api.chat.completions.parse(**schema)).choices[0].message.parsed.price == 9
    assert (await api.completions.create(model="gpt-4o-mini", prompt="x")).choices[0].text == "x"
    assert (await api.responses.create(model="gpt-4o-mini", input="x")).output_text == "x"
    async with api.responses.stream(model="gpt-4o-mini", input="x y") as stream:
        kinds = [event.type async for event in stream]
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert (await api.responses.parse(model="gpt-4o-mini", input=MUG, text_format=Mug)).output_parsed.price == 9
    assert len((await api.embeddings.create(model="text-embedding-3-small", input="a")).data[0].embedding) == 26


async def test_media_in_asyncio(asynchronous: Any) -> None:
    api = asynchronous
    assert (await api.images.generate(prompt="red")).data[0].b64_json
    assert (await api.images.edit(image=("a.png", png("blue")), prompt="red")).data[0].b64_json
    painted = await api.images.generate(prompt="red", stream=True)
    assert [event.type async for event in painted][-1] == "image_generation.completed"
    ask = {"model": "gpt-4o-mini-tts", "voice": "nova", "input": "one", "response_format": "pcm"}
    assert len((await api.audio.speech.create(**ask)).content) == 480
    async with api.audio.speech.with_streaming_response.create(**ask) as answer:
        assert len(b"".join([piece async for piece in answer.iter_bytes()])) == 480
    sound = {"model": "whisper-1", "file": ("a.wav", b"sound")}
    assert (await api.audio.transcriptions.create(**sound)).text.startswith("Hello")
    heard = await api.audio.transcriptions.create(**sound, stream=True)
    assert [event.type async for event in heard][-1] == "transcript.text.done"
    video = await api.videos.create_and_poll(prompt="a ball", poll_interval_ms=20)
    assert (await api.videos.download_content(video.id)).content == CLIP
    assert [found.id async for found in api.videos.list()] == [video.id]
    assert (await api.videos.delete(video.id)).deleted


def test_the_answers_have_all_fields_that_the_client_knows(api: Any) -> None:
    """Read strictly: what OpenAI's types call required is there, and of the right type."""
    answers = [
        api.chat.completions.create(model="gpt-4o-mini", messages=HELLO),
        api.completions.create(model="gpt-4o-mini", prompt="x"),
        api.responses.create(model="gpt-4o-mini", input="x"),
        api.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float"),
        api.images.generate(prompt="red"),
        api.videos.create_and_poll(prompt="a ball", poll_interval_ms=20),
        api.models.retrieve("echo"),
    ]
    sound = {"model": "whisper-1", "file": ("a.wav", b"sound")}
    answers += api.chat.completions.create(
        model="gpt-4o-mini", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    answers += api.completions.create(model="gpt-4o-mini", prompt="x", stream=True)
    answers += api.responses.create(model="gpt-4o-mini", input="x", stream=True)
    answers += api.images.generate(prompt="red", stream=True, partial_images=1, extra_body={"options": {"previews": 5}})
    answers += api.audio.transcriptions.create(**sound, stream=True)
    for answer in answers:
        try:
            type(answer).model_validate(json.loads(answer.to_json(exclude_unset=True)))
        except pydantic.ValidationError as error:  # sizes and the like are any here
            wrong = [found for found in error.errors() if found["type"] != "literal_error"]
            assert wrong == [], type(answer)
