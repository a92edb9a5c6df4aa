"""The llama.cpp runner: what needs no model here, what needs one under the mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aigc_text import load_gguf
from aigc_text.document import DocumentCheck
from aigc_text.gguf_body import request_body, seed32
from aigc_text.gguf_header import Header
from aigc_text.gguf_server import cache_bytes_per_token, fit
from aigc_text.manifest import MANIFEST

from aigc_sdk import Completed, CorruptModel, Failed, InvalidRequest, PromptTooLong, SchemaUnsatisfiable, TextRequest
from aigc_sdk.contract.requests import Message
from aigc_sdk.contract.runner import ModelFiles, Runner

from .gguf_files import write_gguf
from .tiny import Context, FolderFiles, answer, make_item, make_plan, outcomes

CARD = MANIFEST.models[0]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"headline": {"type": "string"}},
    "required": ["headline"],
    "additionalProperties": False,
}


def body(*, has_template: bool = True, **fields: Any) -> Any:
    return request_body(TextRequest(**fields), has_template=has_template)


def test_a_chat_hands_its_turns_to_the_models_own_template() -> None:
    turns = (
        Message(role="user", content="A"),
        Message(role="assistant", content="B"),
        Message(role="user", content="C"),
    )
    made = body(messages=turns, system="S")
    assert made.chat
    assert [turn["content"] for turn in made.fields["messages"]] == ["S", "A", "B", "C"]


def test_a_base_model_gets_a_plain_conversation() -> None:
    made = body(prompt="Hi", has_template=False, stop=("!",))
    assert (made.chat, made.fields["prompt"]) == (False, "User: Hi\nAssistant:")
    assert made.stop == ("!", "\nUser:", "\nAssistant:")
    assert "stop" not in made.fields


def test_a_chat_model_can_be_asked_to_continue() -> None:
    made = body(prompt="A mug", task="text-generation", options={"continue_as_answer": True})
    assert [turn["role"] for turn in made.fields["messages"]] == ["user", "assistant"]
    assert made.fields["messages"][1]["content"] == "A mug"
    assert not body(prompt="A mug", task="text-generation").chat


def test_stop_strings_do_not_cut_a_document() -> None:
    assert body(prompt="x", json_schema=SCHEMA, stop=("}",)).stop == ()


def test_length_bounds_become_part_of_the_schema() -> None:
    made = body(prompt="x", json_schema=SCHEMA, max_chars={"headline": 30})
    assert made.fields["json_schema"]["properties"]["headline"]["maxLength"] == 30
    assert "maxLength" not in SCHEMA["properties"]["headline"]


@pytest.mark.parametrize(
    "fields",
    [
        {"json_schema": SCHEMA, "max_chars": 100},
        {"json_schema": SCHEMA, "max_chars": {"headline": 5000}},
        {"json_schema": {"type": "string", "pattern": "a(?=b)"}},
        {
            "json_schema": {**SCHEMA, "properties": {"headline": {"type": "string", "minLength": 9}}},
            "max_chars": {"headline": 5},
        },
    ],
)
def test_bounds_that_it_cannot_keep_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SchemaUnsatisfiable):
        body(prompt="x", **fields)


@pytest.mark.parametrize("fields", [{"regex": "a+"}, {"options": {"no_repeat_ngram": 3}}])
def test_what_it_cannot_do_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="runner gguf"):
        body(prompt="x", **fields)


def test_seeds_fit_and_are_never_the_random_one() -> None:
    assert [seed32(0), seed32(7)] == [0, 7]
    assert all(0 <= seed32(seed) < 2**32 - 1 for seed in (2**32 - 1, 2**53 - 1, 2**52, 2**32))
    assert seed32(2**40) != seed32(0)


def header(context: int) -> Header:
    sizes = {"block_count": 30, "attention.head_count": 9, "attention.head_count_kv": 3, "embedding_length": 576}
    values = {f"llama.{name}": value for name, value in sizes.items()}
    return Header({"general.architecture": "llama", "llama.context_length": context} | values, 272)


def test_slots_and_context_fit_the_memory() -> None:
    assert cache_bytes_per_token(header(8192)) == 2 * 2 * 30 * 3 * 64
    assert fit(header(8192), 4, bytes_free=32 * 1024**3) == (4, 8192)
    assert fit(header(8192), 4, bytes_free=3 * 1024**3) == (2, 8192)
    slots, context = fit(header(131_072), 4, bytes_free=8 * 1024**3)
    assert slots == 1
    assert context * cache_bytes_per_token(header(8192)) <= 1024**3
    assert fit(header(131_072), 4, bytes_free=0) == (1, 1024)


@pytest.mark.parametrize("architecture", ["llama", "mystery"])
def test_a_file_that_llama_cpp_cannot_load_is_named(tmp_path: Path, architecture: str) -> None:
    write_gguf(tmp_path / "m.gguf", architecture=architecture)
    with pytest.raises(CorruptModel, match=rf"m\.gguf.*{architecture}"):
        load_gguf.load(CARD, make_plan("gguf"), FolderFiles(tmp_path, tmp_path))


def test_a_folder_without_a_gguf_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match=str(tmp_path)):
        load_gguf.load(CARD, make_plan("gguf"), FolderFiles(tmp_path, tmp_path))


@pytest.fixture(scope="module")
def runner(default_model: ModelFiles) -> Iterator[Runner]:
    runner = load_gguf.load(CARD, make_plan("gguf", threads=2), default_model)
    yield runner
    runner.close()


@pytest.mark.model
def test_it_answers_within_bounds_and_counts(runner: Runner) -> None:
    items = [
        make_item(runner, 0, prompt="Name three colours.", max_tokens=24, temperature=0, logprobs=True),
        make_item(runner, 1, prompt="A headline for a red mug", json_schema=SCHEMA, max_chars={"headline": 30}),
        make_item(runner, 2, prompt="Tell a story.", max_chars=40, temperature=0.7),
        make_item(runner, 3, prompt="Once upon a time", task="text-generation", max_tokens=12),
        make_item(runner, 4, prompt="Say: one, two, three", stop=("two",), temperature=0, max_tokens=30),
    ]
    found = outcomes(runner, items[:3], Context(more=items[3:]))
    done = {index: event for index, event in found.items() if isinstance(event, Completed)}
    assert set(done) == set(range(5))
    artifacts: dict[int, Any] = {index: event.artifact for index, event in done.items()}
    assert "red" in artifacts[0].text.lower()
    assert -5 < artifacts[0].logprob < 0
    assert done[0].units == {"input_tokens": 34.0, "output_tokens": 24.0}
    assert len(artifacts[1].parsed["headline"]) <= 30
    assert len(artifacts[2].text) == 40
    assert artifacts[2].finish_reason == "length"
    assert "two" not in artifacts[4].text
    assert artifacts[4].finish_reason == "stop"


@pytest.mark.model
def test_a_seed_is_a_text_alone_and_in_any_batch(runner: Runner) -> None:
    asked = [{"prompt": f"Praise mug {i}" + " a lot" * i, "max_tokens": 12, "temperature": 0.9} for i in range(4)]
    alone = [answer(runner, seed=i, **fields).text for i, fields in enumerate(asked)]
    assert len(set(alone)) == 4
    items = [make_item(runner, i, seed=i, **fields) for i, fields in enumerate(asked)]
    for order in (items, items[::-1]):
        found = outcomes(runner, order[:2], Context(more=order[2:]))
        assert [found[i].artifact.text for i in range(4)] == alone  # type: ignore[attr-defined]


@pytest.mark.model
def test_a_prompt_beyond_the_context_fails_alone(runner: Runner) -> None:
    items = [make_item(runner, 0, prompt="mug " * 9000), make_item(runner, 1, prompt="Hi", max_tokens=5)]
    found = outcomes(runner, items)
    assert isinstance(found[0], Failed)
    assert isinstance(found[0].error, PromptTooLong)
    assert "8,192" in str(found[0].error)
    assert isinstance(found[1], Completed)


@pytest.mark.model
def test_a_cancelled_item_gets_nothing_more(runner: Runner) -> None:
    context = Context()
    items = [
        make_item(runner, 0, prompt="Tell a long story", max_tokens=400),
        make_item(runner, 1, prompt="Hi", max_tokens=30),
    ]
    seen = []
    for index, event in runner.run(items, context):
        seen.append((index, type(event)))
        context.gone.add(0)
    assert (0, Completed) not in seen
    assert seen[-1] == (1, Completed)


@pytest.mark.model
def test_a_caller_who_leaves_frees_the_slots(runner: Runner) -> None:
    events = runner.run([make_item(runner, 0, prompt="Tell a long story", max_tokens=2000)], Context())
    next(iter(events))
    events.close()  # type: ignore[attr-defined]
    assert answer(runner, prompt="Hi", max_tokens=4).text


@pytest.mark.model
def test_a_document_that_was_cut_short_is_not_handed_on(runner: Runner) -> None:
    item = make_item(runner, 0, prompt="A headline for a red mug", json_schema=SCHEMA, max_tokens=3)
    event = outcomes(runner, [item])[0]
    assert isinstance(event, Failed)
    assert "max_tokens" in str(event.error)


def test_a_document_is_checked_as_a_whole() -> None:
    check = DocumentCheck(SCHEMA | {"properties": {"headline": {"type": "string", "maxLength": 5}}})
    assert check.fits('{"headline": "红色的杯子"}\n')
    assert check.fits('{\n  "headline": ""\n}')
    for text in ('{"headline": "six..."}', '{"headline": "a"', "{}", "", '{"headline": "a"} and more'):
        assert not check.fits(text)
