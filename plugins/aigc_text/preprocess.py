"""From a request to the prompt's token ids: tasks as prompts, chat templates, and the context limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest, PromptTooLong
from aigc_sdk.contract.requests import TextRequest, Tool

from .chat import PLAIN_STOP, PLAIN_TEMPLATE, Turns, render
from .languages import language_name
from .tokenizer import Tokenizer
from .tools import as_openai, native_turn, plain_turns, trained_for_tools

DEFAULT_MAX_TOKENS = 512
"""Most tokens written where neither the request nor the model card says."""
DEFAULT_CONTEXT = 4096
"""Tokens of context where neither the model nor its card sets a limit."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """What an answer has to do with functions; exactly one of ``schema`` and ``options`` is given.

    Attributes:
        schema: of the JSON document that is a call (``{"name", "arguments"}``), or of a call's arguments.
        name: the function called, where the document holds its arguments only.
        begins: ids of the token that begins a call in the midst of a text and of what follows it; empty if the output
            is the document from its first token.
        options: what may be chosen, and the prompt that each leads to. The output is one of these names.
    """

    schema: dict[str, Any] | None = None
    name: str | None = None
    begins: tuple[int, ...] = ()
    options: dict[str, Prompt] | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request ready to run.

    Attributes:
        tokens: ids of the whole prompt, at least one.
        max_tokens: most tokens to write; never past the end of the model's context.
        stop: strings that end the answer and are not part of it.
        continued: whether the answer's text goes on where the prompt ends; not so if the prompt is only encoded.
        tool_use: None where the answer is text only.
        spent: tokens read and written before, in a choice that led here.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    stop: tuple[str, ...] = ()
    continued: bool = True
    tool_use: ToolUse | None = None
    spent: tuple[int, int] = (0, 0)


def make_prompt(request: TextRequest, tokenizer: Tokenizer, context_length: int) -> Prompt:
    """The prompt of a request for a causal language model.

    Args:
        context_length: tokens that prompt and answer may have together.

    Raises:
        PromptTooLong: if the prompt leaves no room for an answer.
        InvalidRequest: if the task lacks something, or the chat template refuses the conversation.
    """
    if request.task == "text-generation" and not (continues_as_answer(request) and tokenizer.chat_template):
        return fitted(
            tokenizer.encode(raw_text(request), special=True), request.max_tokens, request.stop, context_length
        )
    native = trained_for_tools(tokenizer)
    begun = raw_text(request) if request.task == "text-generation" else ""
    return chat_prompt(request, conversation(request, native=native), tokenizer, context_length, begun=begun)


def chat_prompt(
    request: TextRequest,
    turns: Turns,
    tokenizer: Tokenizer,
    context_length: int,
    *,
    tools: Sequence[Tool] = (),
    begun: str = "",
) -> Prompt:
    """The prompt of a conversation that the model is to go on with. Raises as :func:`make_prompt` does.

    Args:
        tools: functions for a chat template that knows them. begun: the answer's beginning.
    """
    template, stop = tokenizer.chat_template, request.stop
    if template is None:
        template, stop = PLAIN_TEMPLATE, (*stop, *PLAIN_STOP)
    text = render(template, turns, tokenizer.special, as_openai(tools)) + begun
    tokens = tokenizer.encode(text, special=tokenizer.chat_template is None)
    return fitted(tokens, request.max_tokens, stop, context_length)


def fitted(tokens: Sequence[int], max_tokens: int | None, stop: tuple[str, ...], context_length: int) -> Prompt:
    """The prompt, if it fits. Raises PromptTooLong with both counts if it does not."""
    room = context_length - len(tokens)
    if room < 1:
        raise PromptTooLong(
            f"the prompt is {len(tokens):,} tokens long; the model's context holds {context_length:,},"
            " the answer included",
            plugin="text",
            fix="shorten the prompt, or take a model with a longer context (aigc models)",
        )
    return Prompt(tuple(tokens), min(max_tokens or DEFAULT_MAX_TOKENS, room), stop)


def continues_as_answer(request: TextRequest) -> bool:
    """True if a chat model is to be asked to continue the text, rather than be handed the bare text."""
    return request.task == "text-generation" and bool(request.options.get("continue_as_answer"))


def raw_text(request: TextRequest) -> str:
    """The text itself: the prompt, or the last message where messages were given."""
    return request.prompt or request.messages[-1].content


def conversation(request: TextRequest, *, native: bool = False) -> list[dict[str, Any]]:
    """The turns of a chat that carries out the request's task, ``{"role", "content"}`` each.

    Args:
        native: the chat template knows calls of functions and their results; else they are told in words.
    """
    turns: list[dict[str, Any]] = (
        [native_turn(m) for m in request.messages] if native else plain_turns(request.messages)
    )
    if not turns:
        turns = [{"role": "user", "content": request.prompt}]
    if request.task != "chat":
        turns[-1]["content"] = f"{instruction(request)}\n\n{turns[-1]['content']}"
    if request.system and turns[0]["role"] == "system":
        turns[0]["content"] = f"{request.system}\n\n{turns[0]['content']}"
    elif request.system:
        turns.insert(0, {"role": "system", "content": request.system})
    return turns


def instruction(request: TextRequest) -> str:
    """What a chat model is told to do with the text of a request that is no chat."""
    if request.task == "text-generation":
        return "Continue the following text."
    if request.task == "summarization":
        return "Summarize the following text in a few short sentences. Write only the summary."
    return f"Translate the following text to {target(request)}. Write only the translation."


def target(request: TextRequest) -> str:
    """English name of the language to translate to. Raises InvalidRequest if none was given."""
    if request.target_language is None:
        raise InvalidRequest("translation needs a target_language", plugin="text", fix="such as target_language='de'")
    return language_name(request.target_language)
