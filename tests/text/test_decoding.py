"""The decode loop over a fake backend: what an item gets never depends on its neighbours."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence

import pytest
from aigc_text.decoding import decode

from aigc_sdk import BrokenPlugin, Completed, Delta, Event, Failed, Item, TextArtifact
from aigc_sdk.contract.errors import SchemaUnsatisfiable

from .fakes import END, FakeBackend, item, small_tokenizer
from .tiny import Context

TOKENIZER = small_tokenizer()
SCHEMA = {"type": "object", "properties": {"t": {"type": "string"}}, "required": ["t"]}


def scripted(text: str, prompt: str = "say", *, ends: bool = True, slots: int = 4) -> FakeBackend:
    """A backend that answers ``prompt`` with ``text``."""
    tokens = [*TOKENIZER.encode(text), TOKENIZER.inner.token_to_id(END)] if ends else TOKENIZER.encode(text)
    scripts = {tuple(TOKENIZER.encode(prompt)): tokens}
    return FakeBackend(TOKENIZER.vocab_size, scripts=scripts, max_slots=slots)


def noise(slots: int = 4) -> FakeBackend:
    return FakeBackend(TOKENIZER.vocab_size, max_slots=slots)


def events(items: Sequence[Item], backend: FakeBackend, context: Context | None = None) -> list[tuple[int, Event]]:
    found = list(decode(items, backend, TOKENIZER, context or Context()))
    assert not backend.held, "a slot was not given back"
    return found


def completed(found: Iterable[tuple[int, Event]]) -> dict[int, Completed]:
    """The items that completed; their deltas add up to their text."""
    found = list(found)
    done = {index: event for index, event in found if isinstance(event, Completed)}
    for index, event in done.items():
        streamed = "".join(e.text for i, e in found if i == index and isinstance(e, Delta))
        assert streamed == text_of(event)
    return done


def text_of(event: Completed) -> str:
    assert isinstance(event.artifact, TextArtifact)
    return event.artifact.text


def run(backend: FakeBackend, prompt: str = "say", **fields: object) -> Completed:
    return completed(events([item(TOKENIZER, prompt, **fields)], backend))[0]


def test_an_answer_streams_and_ends_with_its_usage() -> None:
    done = run(scripted("the red mug"), max_tokens=50)
    assert text_of(done) == "the red mug"
    assert done.artifact.finish_reason == "stop"  # type: ignore[attr-defined]
    assert done.units == {"input_tokens": 3.0, "output_tokens": float(len(TOKENIZER.encode("the red mug")))}


def test_max_tokens_ends_it() -> None:
    done = run(scripted("abc" * 9, ends=False), max_tokens=7)
    assert done.units["output_tokens"] == 7
    assert done.artifact.finish_reason == "length"  # type: ignore[attr-defined]


def test_stop_strings_across_tokens_end_it_and_never_show() -> None:
    done = run(scripted("one EN two END three"), max_tokens=50, stop=("END",))
    assert text_of(done) == "one EN two "
    assert done.artifact.finish_reason == "stop"  # type: ignore[attr-defined]


def test_max_chars_bounds_the_whole_text() -> None:
    done = run(scripted("红色的杯子很好看"), max_tokens=50, max_chars=5)
    assert text_of(done) == "红色的杯子"
    assert done.artifact.finish_reason == "length"  # type: ignore[attr-defined]


def test_a_repeating_answer_is_ended_unless_the_guard_is_off() -> None:
    text = "ab cd " * 60
    guarded = run(scripted(text), max_tokens=300, options={"repetition_guard": True})
    assert len(text_of(guarded)) < 90
    free = run(scripted(text), max_tokens=300, options={"repetition_guard": False})
    assert len(text_of(free)) > 250


def test_logprob_is_the_mean_over_the_tokens_written() -> None:
    done = run(scripted("abab"), max_tokens=50, logprobs=True, temperature=1.5)
    assert done.artifact.logprob == pytest.approx(0, abs=1e-9)  # type: ignore[attr-defined]
    assert run(noise(), logprobs=True).artifact.logprob < -1  # type: ignore[attr-defined, operator]
    assert run(noise()).artifact.logprob is None  # type: ignore[attr-defined]


PROMPTS = ["a", "bb", "the mug", "杯"]


def batch() -> list[Item]:
    extra: list[dict[str, object]] = [
        {"temperature": 1.2, "top_p": 0.9},
        {"top_k": 20, "max_tokens": 9},
        {"json_schema": SCHEMA, "max_tokens": 30},
        {"temperature": 0, "repetition_penalty": 1.3},
    ]
    return [item(TOKENIZER, p, index=i, seed=i * 11, **e) for i, (p, e) in enumerate(zip(PROMPTS, extra, strict=True))]


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_a_result_depends_on_the_seed_and_not_on_the_batch(slots: int) -> None:
    alone = {i.index: text_of(completed(events([i], noise()))[i.index]) for i in batch()}
    for order in itertools.permutations(batch()):
        done = completed(events(order, noise(slots)))
        assert {index: text_of(event) for index, event in done.items()} == alone


def test_another_seed_gives_another_text() -> None:
    texts = {text_of(completed(events([item(TOKENIZER, "a", seed=s)], noise()))[0]) for s in range(5)}
    assert len(texts) == 5


def test_free_slots_are_filled_from_what_waits_and_from_what_comes() -> None:
    first, *rest = [item(TOKENIZER, p, index=i, max_tokens=6) for i, p in enumerate(["a", "b", "c", "d", "e"])]
    backend = noise(slots=2)
    done = completed(events([first], backend, Context(more=rest)))
    assert sorted(done) == [0, 1, 2, 3, 4]
    assert max(backend.steps) == 2
    assert len(backend.steps) < 20  # five items of five steps, two at a time


def test_what_comes_while_others_run_joins_them() -> None:
    backend, context = noise(), Context()
    late = item(TOKENIZER, "late", index=9, max_tokens=3)

    def arrive() -> None:
        if len(backend.steps) == 4:
            context.more = [late]

    backend.on_step = arrive
    done = completed(events([item(TOKENIZER, "a", max_tokens=20)], backend, context))
    assert sorted(done) == [0, 9]
    assert backend.steps[:8] == [1, 1, 1, 1, 1, 2, 2, 1]


def test_a_cancelled_item_gets_nothing_more_and_frees_its_slot_at_once() -> None:
    backend, context = noise(), Context()

    def cancel() -> None:
        if len(backend.steps) == 3:
            context.gone.add(0)

    backend.on_step = cancel
    items = [item(TOKENIZER, p, index=i, max_tokens=12) for i, p in enumerate(["a", "b"])]
    done = completed(events(items, backend, context))
    assert sorted(done) == [1]
    assert backend.steps.count(2) <= 4
    assert done[1].units["output_tokens"] == 12


def test_an_item_cancelled_while_it_waits_never_starts() -> None:
    backend = noise()
    assert events([item(TOKENIZER, "a")], backend, Context(gone={0})) == []
    assert backend.steps == []


def test_an_item_that_cannot_run_fails_alone() -> None:
    bad = item(TOKENIZER, "x", index=1, json_schema={"type": "string", "minLength": 9, "maxLength": 1})
    found = events([item(TOKENIZER, "a"), bad, item(TOKENIZER, "b", index=2)], noise())
    assert sorted(completed(found)) == [0, 2]
    (failed,) = [event for index, event in found if index == 1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, SchemaUnsatisfiable)


def test_a_fault_in_one_item_is_an_error_of_that_item() -> None:
    broken = item(TOKENIZER, "x", index=1, json_schema={"properties": 7})
    strange = item(TOKENIZER, "y", index=2, options={"no_repeat_ngram": "many", "repetition_guard": False})
    found = events([item(TOKENIZER, "a"), broken, strange], noise())
    assert sorted(completed(found)) == [0]
    failed = {index: event.error for index, event in found if isinstance(event, Failed)}
    assert isinstance(failed[1], SchemaUnsatisfiable)
    assert isinstance(failed[2], BrokenPlugin)


def test_what_the_backend_raises_ends_the_run_and_frees_all_slots() -> None:
    backend = noise()

    def fail() -> None:
        raise MemoryError("no room")

    backend.on_step = fail
    with pytest.raises(MemoryError):
        list(decode(batch(), backend, TOKENIZER, Context()))
    assert not backend.held


def test_a_caller_that_leaves_frees_all_slots() -> None:
    backend = noise()
    running = decode(batch(), backend, TOKENIZER, Context())
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert not backend.held


@pytest.mark.parametrize("max_tokens", [8, 15, 60])
def test_json_is_whole_however_few_tokens_there_are(max_tokens: int) -> None:
    for seed in range(20):
        done = completed(events([item(TOKENIZER, "a", seed=seed, json_schema=SCHEMA, max_tokens=max_tokens)], noise()))
        assert list(json.loads(text_of(done[0]))) == ["t"]


def test_a_stop_string_does_not_cut_constrained_output() -> None:
    done = completed(events([item(TOKENIZER, "a", json_schema=SCHEMA, stop=('"',), max_tokens=40)], noise()))
    assert json.loads(text_of(done[0]))


def test_constrained_output_that_repeats_itself_is_brought_to_its_end() -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    backend = scripted("[" + ", ".join(['"ab"'] * 80) + "]")
    found = events([item(TOKENIZER, "say", json_schema=schema, max_tokens=400, options={})], backend)
    values = json.loads(text_of(completed(found)[0]))
    assert 5 < len(values) < 40


def test_json_of_just_the_characters_allowed_is_not_cut() -> None:
    done = run(scripted('{"t": "abcd"}'), json_schema=SCHEMA, max_chars=13, max_tokens=40)
    assert text_of(done) == '{"t": "abcd"}'
    assert done.artifact.finish_reason == "stop"  # type: ignore[attr-defined]
