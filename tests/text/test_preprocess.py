from __future__ import annotations

from pathlib import Path

import pytest
from aigc_text.preprocess import make_prompt
from aigc_text.tokenizer import Tokenizer

from aigc_sdk import InvalidRequest, PromptTooLong, TextRequest
from aigc_sdk.contract.requests import Message

from .tiny import byte_tokenizer


@pytest.fixture
def tokenizer(tmp_path: Path) -> Tokenizer:
    byte_tokenizer(tmp_path)
    return Tokenizer.load(tmp_path)


def prompt_text(tokenizer: Tokenizer, **fields: object) -> str:
    prompt = make_prompt(TextRequest(**fields), tokenizer, 4096)
    return tokenizer.decode(prompt.tokens, keep_special=True)


def test_a_chat_is_the_models_own_template(tokenizer: Tokenizer) -> None:
    assert prompt_text(tokenizer, prompt="Hé 你好", system="Be brief.") == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHé 你好<|im_end|>\n<|im_start|>assistant\n"
    )


def test_history_keeps_its_order(tokenizer: Tokenizer) -> None:
    turns = (
        Message(role="system", content="A"),
        Message(role="user", content="B"),
        Message(role="assistant", content="C"),
        Message(role="user", content="D"),
    )
    text = prompt_text(tokenizer, messages=turns, system="First")
    assert [part.split("<|im_end|>")[0] for part in text.split("<|im_start|>")[1:]] == [
        "system\nFirst\n\nA",
        "user\nB",
        "assistant\nC",
        "user\nD",
        "assistant\n",
    ]


def test_text_generation_is_the_raw_prompt(tokenizer: Tokenizer) -> None:
    assert prompt_text(tokenizer, prompt="星空之下，", task="text-generation") == "星空之下，"


def test_a_chat_model_can_be_asked_to_continue(tokenizer: Tokenizer) -> None:
    options = {"continue_as_answer": True}
    text = prompt_text(tokenizer, prompt="星空之下，", task="text-generation", options=options)
    assert text.startswith("<|im_start|>user\nContinue the following text.")
    assert text.endswith("<|im_start|>assistant\n星空之下，")


def test_a_base_model_just_continues(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path, chat_template=None)
    options = {"continue_as_answer": True}
    assert prompt_text(Tokenizer.load(tmp_path), prompt="A mug", task="text-generation", options=options) == "A mug"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"task": "summarization"}, "Summarize"),
        ({"task": "translation", "target_language": "pt-BR"}, "to Brazilian Portuguese"),
        ({"task": "translation", "target_language": "zh"}, "to Chinese"),
        ({"task": "translation", "target_language": "de-AT"}, "to German"),
        ({"task": "translation", "target_language": "tlh"}, "to tlh"),
    ],
)
def test_tasks_are_instructions_for_chat_models(tokenizer: Tokenizer, fields: dict[str, object], said: str) -> None:
    text = prompt_text(tokenizer, prompt="A red mug.", **fields)
    assert said in text
    assert text.count("A red mug.") == 1


def test_a_translation_needs_a_target(tokenizer: Tokenizer) -> None:
    with pytest.raises(InvalidRequest, match="target_language"):
        prompt_text(tokenizer, prompt="A red mug.", task="translation")


def test_a_prompt_that_leaves_no_room_is_refused_with_both_counts(tokenizer: Tokenizer) -> None:
    request = TextRequest(prompt="x" * 4096, task="text-generation")
    with pytest.raises(PromptTooLong, match=r"4,096 tokens long; the model's context holds 4,096"):
        make_prompt(request, tokenizer, 4096)
    assert make_prompt(request, tokenizer, 4097).max_tokens == 1


def test_an_answer_never_passes_the_end_of_the_context(tokenizer: Tokenizer) -> None:
    request = TextRequest(prompt="x" * 100, task="text-generation", max_tokens=1000)
    assert make_prompt(request, tokenizer, 128).max_tokens == 28


def test_a_base_model_gets_a_plain_conversation_that_ends_at_the_next_turn(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path, chat_template=None)
    tokenizer = Tokenizer.load(tmp_path)
    prompt = make_prompt(TextRequest(prompt="Hi", stop=("!",)), tokenizer, 4096)
    assert tokenizer.decode(prompt.tokens) == "User: Hi\nAssistant:"
    assert prompt.stop == ("!", "\nUser:", "\nAssistant:")
