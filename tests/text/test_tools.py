"""Functions that an answer may call: prompts, schemas, and the decode loop over a backend whose choices are known."""

from __future__ import annotations

import itertools
import json
from typing import Any

import jsonschema
import pytest
from aigc_text.decoding import decode
from aigc_text.seq2seq_prompts import make_seq2seq_prompt
from aigc_text.tokenizer import Tokenizer
from aigc_text.tool_prompts import make_tool_prompt
from aigc_text.tools import CALL, call_schema, choice_text, plain_turns

from aigc_sdk import Completed, Delta, Failed, InvalidRequest, Item, Message, TextRequest, Tool, ToolCall

from .fakes import FakeBackend, small_tokenizer
from .tiny import Context

SIZE = {"enum": ["small", "large"]}
MUG = Tool(
    name="find_mug",
    description="Find a mug",
    parameters={
        "type": "object",
        "properties": {"colour": {"type": "string", "maxLength": 8}, "size": {"$ref": "#/$defs/Size"}},
        "required": ["colour", "size"],
        "$defs": {"Size": SIZE},
    },
)
CUP = Tool(
    name="find_cup",
    description="Find a cup",
    parameters={
        "type": "object",
        "properties": {"size": {"$ref": "#/$defs/Size"}},
        "required": ["size"],
        "$defs": {"Size": {"type": "integer", "minimum": 1, "maximum": 3}},
    },
)
CLOCK = Tool(name="get_time")
NATIVE = (
    "{% if tools %}[{% for t in tools %}{{ t.function.name }} {% endfor %}] call by <tool_call>{% endif %}"
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}"
    "<assistant>"
)


def plain_tokenizer() -> Tokenizer:
    tokenizer = small_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
    return tokenizer


def native_tokenizer() -> Tokenizer:
    """One whose chat template knows functions."""
    tokenizer = small_tokenizer()
    tokenizer.inner.add_tokens([CALL])
    tokenizer.vocab_size = tokenizer.inner.get_vocab_size()
    tokenizer.chat_template = NATIVE
    return tokenizer


def request(**fields: Any) -> TextRequest:
    usual = {"prompt": "a red one", "max_tokens": 60, "options": {"repetition_guard": False}}
    if "messages" in fields:
        del usual["prompt"]
    return TextRequest(**(usual | fields))


def run(tokenizer: Tokenizer, asked: TextRequest, *texts: str, seed: int = 0) -> tuple[str, Any]:
    """What is streamed and how it ends, when the model writes these texts; noise, if there are none."""
    prompt = make_tool_prompt(asked, tokenizer, 4000)
    scripts = {}
    stage = prompt
    for text in texts:
        scripts[stage.tokens] = [*tokenizer.encode(text), *tokenizer.eos_ids]
        options = stage.tool_use.options if stage.tool_use else None
        stage = (options or {}).get(text.strip(), stage)
    backend = FakeBackend(tokenizer.vocab_size, scripts=scripts)
    streamed = ""
    for _, event in decode([Item(0, asked, prompt, seed)], backend, tokenizer, Context()):
        if isinstance(event, Delta):
            streamed += event.text
    assert not backend.held
    assert isinstance(event, (Completed, Failed))
    return streamed, event


def made(tokenizer: Tokenizer, asked: TextRequest, *texts: str, seed: int = 0) -> Any:
    streamed, end = run(tokenizer, asked, *texts, seed=seed)
    assert isinstance(end, Completed), end
    assert end.artifact.text == streamed  # type: ignore[attr-defined]
    return end.artifact


# --- schemas and words ----------------------------------------------------------------------------------------------


def test_functions_keep_their_own_definitions() -> None:
    schema = call_schema([MUG, CUP])
    fits = jsonschema.Draft202012Validator(schema).is_valid
    assert fits({"name": "find_mug", "arguments": {"colour": "red", "size": "small"}})
    assert fits({"name": "find_cup", "arguments": {"size": 2}})
    assert not fits({"name": "find_cup", "arguments": {"size": "small"}})
    assert not fits({"name": "find_mug", "arguments": {"colour": "red", "size": 2}})
    assert "$defs" in MUG.parameters, "the request is left as it is"


def test_calls_and_results_are_told_in_words() -> None:
    turns = plain_turns(
        [
            Message(role="user", content="a mug?"),
            Message(role="assistant", content="", tool_calls=(ToolCall(name="find_mug", arguments={"colour": "red"}),)),
            Message(role="tool", tool="find_mug", content="12 euros"),
            Message(role="user", content="thanks"),
        ]
    )
    assert turns == [
        {"role": "user", "content": "a mug?"},
        {"role": "assistant", "content": 'find_mug({"colour": "red"})'},
        {"role": "user", "content": "The result of find_mug: 12 euros\n\nthanks"},
    ]


def test_a_function_may_be_called_none() -> None:
    text = choice_text([Tool(name="none", description="Do nothing")], "x", may_answer=True)
    assert "the answer is nothing" in text


# --- models that know no functions ----------------------------------------------------------------------------------


def test_the_choice_leads_to_the_arguments() -> None:
    asked = request(tools=(MUG, CUP))
    artifact = made(plain_tokenizer(), asked, " find_mug", '{"colour": "red", "size": "large"}')
    assert artifact.tool_calls == ({"name": "find_mug", "arguments": {"colour": "red", "size": "large"}},)
    assert (artifact.text, artifact.finish_reason) == ("", "stop")


def test_the_choice_of_none_leads_to_the_plain_answer() -> None:
    tokenizer = plain_tokenizer()
    artifact = made(tokenizer, request(tools=(MUG,)), " none", "hello")
    assert (artifact.text, artifact.tool_calls) == ("hello", ())
    noise = made(tokenizer, request(tools=(MUG,), temperature=1.0), " none", seed=5)
    assert noise.text == made(tokenizer, request(temperature=1.0), seed=5).text


def test_tokens_of_the_choice_are_counted() -> None:
    tokenizer = plain_tokenizer()
    _, plain = run(tokenizer, request(), "hello")
    _, chosen = run(tokenizer, request(tools=(MUG,)), " none", "hello")
    choice = make_tool_prompt(request(tools=(MUG,)), tokenizer, 4000)
    assert chosen.units["input_tokens"] == plain.units["input_tokens"] + len(choice.tokens)
    assert chosen.units["output_tokens"] == plain.units["output_tokens"] + len(tokenizer.encode(" none"))


def test_one_function_that_has_to_be_called_needs_no_choice() -> None:
    asked = request(tools=(CLOCK,), tool_choice="required")
    assert made(plain_tokenizer(), asked, "{}").tool_calls == ({"name": "get_time", "arguments": {}},)


@pytest.mark.parametrize("tokenizer", [plain_tokenizer(), native_tokenizer()], ids=["plain", "native"])
def test_whatever_the_model_wants_a_call_fits_its_schema(tokenizer: Tokenizer) -> None:
    called = set()
    for seed in range(12):
        asked = request(tools=(MUG, CUP, CLOCK), tool_choice="required", temperature=1.0, prompt=f"number {seed}")
        (call,) = made(tokenizer, asked, seed=seed).tool_calls
        jsonschema.validate(call, call_schema([MUG, CUP, CLOCK]))
        called.add(call["name"])
    assert len(called) > 1


def test_with_the_result_at_hand_a_model_that_knows_no_functions_answers() -> None:
    turns = (
        Message(role="user", content="a mug?"),
        Message(role="assistant", content="", tool_calls=(ToolCall(name="find_mug"),)),
        Message(role="tool", tool="find_mug", content="12 euros"),
    )
    prompt = make_tool_prompt(request(messages=turns, tools=(MUG,)), plain_tokenizer(), 4000)
    assert prompt.tool_use is None


# --- models that know functions -------------------------------------------------------------------------------------


def test_a_call_begins_with_its_token_and_is_not_streamed() -> None:
    tokenizer = native_tokenizer()
    asked = request(tools=(MUG, CUP))
    text = f'Wait. {CALL}\n{{"name": "find_cup", "arguments": {{"size": 3}}}}'
    streamed, end = run(tokenizer, asked, text)
    assert isinstance(end, Completed)
    assert streamed == end.artifact.text == "Wait. "  # type: ignore[attr-defined]
    assert end.artifact.tool_calls == ({"name": "find_cup", "arguments": {"size": 3}},)  # type: ignore[attr-defined]


def test_a_model_that_calls_nothing_just_answers() -> None:
    artifact = made(native_tokenizer(), request(tools=(MUG,)), "hello")
    assert (artifact.text, artifact.tool_calls, artifact.finish_reason) == ("hello", (), "stop")


def test_the_template_is_given_functions_calls_and_results() -> None:
    tokenizer = native_tokenizer()
    turns = (
        Message(role="user", content="a mug?"),
        Message(role="assistant", content="", tool_calls=(ToolCall(name="find_mug", arguments={"colour": "red"}),)),
        Message(role="tool", tool="find_mug", content="12 euros"),
    )
    prompt = make_tool_prompt(request(messages=turns, tools=(MUG,)), tokenizer, 4000)
    text = tokenizer.decode(prompt.tokens)
    assert text.startswith("[find_mug ]")
    assert text.endswith('<assistant>find_mug{"colour": "red"}<tool>12 euros<assistant>')


def test_a_call_for_which_no_room_is_left_is_an_error() -> None:
    _, end = run(native_tokenizer(), request(tools=(MUG,), max_tokens=10), f"Wait. {CALL}\n")
    assert isinstance(end, Failed)
    assert "max_tokens" in str(end.error)


def test_beside_others_a_call_is_the_same() -> None:
    tokenizer = plain_tokenizer()
    requests = [request(tools=(MUG, CUP), tool_choice="required", temperature=1.0, prompt=f"n {i}") for i in range(6)]
    requests[2] = request(prompt="n 2", temperature=1.0)
    alone = [made(tokenizer, asked, seed=i) for i, asked in enumerate(requests)]
    items = [Item(i, asked, make_tool_prompt(asked, tokenizer, 4000), i) for i, asked in enumerate(requests)]
    events = decode(items, FakeBackend(tokenizer.vocab_size, max_slots=3), tokenizer, Context())
    together = {index: event.artifact for index, event in events if isinstance(event, Completed)}
    for index, one in enumerate(alone):
        assert (one.text, one.tool_calls) == (together[index].text, together[index].tool_calls)  # type: ignore[attr-defined]


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"tools": (MUG,), "task": "summarization"}, "tools are for the task chat"),
        ({"tools": (MUG,), "regex": "x"}, "not both"),
        ({"tools": (MUG, MUG)}, "two tools have the same name"),
        ({"messages": ({"role": "tool", "content": "x"},)}, "names it"),
        ({"messages": ({"role": "user", "content": "x", "tool_calls": [{"name": "f"}]},)}, "only the assistant"),
    ],
)
def test_requests_that_make_no_sense(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidRequest, match=what):
        request(**fields)


def test_encoder_decoder_models_take_no_functions() -> None:
    with pytest.raises(InvalidRequest, match="nor tools"):
        make_seq2seq_prompt(request(tools=(MUG,)), plain_tokenizer(), {}, 100)


def test_content_holds_the_calls() -> None:
    artifacts = [
        made(plain_tokenizer(), request(tools=(CUP,), tool_choice="required"), json.dumps({"size": size}))
        for size in (1, 2)
    ]
    assert len({artifact.sha256() for artifact in artifacts}) == 2
    for artifact, size in zip(artifacts, itertools.count(1)):
        assert json.loads(artifact.content()) == {"name": "find_cup", "arguments": {"size": size}}
