"""From a request with functions to what the model reads: one prompt, or a choice between several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aigc_sdk.contract.requests import TextRequest, Tool

from .preprocess import Prompt, ToolUse, chat_prompt, conversation, fitted, make_prompt
from .tokenizer import Tokenizer
from .tools import (
    CALL,
    arguments_instruction,
    arguments_schema,
    call_schema,
    choice_text,
    last_question,
    no_tool,
    trained_for_tools,
)

_LONGEST_NAME = 64
_LONGEST_QUESTION = 2000
"""Characters of what was asked that the choice goes by, from its end."""


def make_tool_prompt(request: TextRequest, tokenizer: Tokenizer, context_length: int) -> Prompt:
    """The prompt of a request, with or without functions. Raises as :func:`~aigc_text.preprocess.make_prompt` does."""
    if not request.tools:
        return make_prompt(request, tokenizer, context_length)
    if trained_for_tools(tokenizer):
        return _native(request, tokenizer, context_length)
    return _chosen(request, tokenizer, context_length)


def _native(request: TextRequest, tokenizer: Tokenizer, context_length: int) -> Prompt:
    """The model is told of the functions as it was trained to be; a call that it begins is held to its schema."""
    must = request.tool_choice == "required"
    opening = f"{CALL}\n"
    turns = conversation(request, native=True)
    begun = opening if must else ""
    prompt = chat_prompt(request, turns, tokenizer, context_length, tools=request.tools, begun=begun)
    begins = () if must else tuple(tokenizer.encode(opening))
    return replace(prompt, tool_use=ToolUse(schema=call_schema(request.tools), begins=begins))


def _chosen(request: TextRequest, tokenizer: Tokenizer, context_length: int) -> Prompt:
    """First the choice of a function, or of none; then its arguments, or the answer."""
    must = request.tool_choice == "required"
    if not must and request.messages and request.messages[-1].tool is not None:
        # A small model that is asked again would call again, and again. With the result at hand it answers.
        return make_prompt(request, tokenizer, context_length)
    options = {tool.name: _arguments(request, tool, tokenizer, context_length) for tool in request.tools}
    if not must:
        options[no_tool(request.tools)] = make_prompt(request, tokenizer, context_length)
    if len(options) == 1:
        return next(iter(options.values()))
    return _choice(request.tools, last_question(request), options, tokenizer, context_length, may_answer=not must)


def _choice(
    tools: Sequence[Tool],
    asked: str,
    options: dict[str, Prompt],
    tokenizer: Tokenizer,
    context_length: int,
    *,
    may_answer: bool,
) -> Prompt:
    tokens = tokenizer.encode(choice_text(tools, asked[-_LONGEST_QUESTION:], may_answer=may_answer), special=True)
    return replace(fitted(tokens, _LONGEST_NAME, (), context_length), tool_use=ToolUse(options=options))


def _arguments(request: TextRequest, tool: Tool, tokenizer: Tokenizer, context_length: int) -> Prompt:
    told = [request.system, arguments_instruction(tool)]
    asked = request.model_copy(update={"system": "\n\n".join(filter(None, told))})
    prompt = chat_prompt(asked, conversation(asked), tokenizer, context_length)
    return replace(prompt, tool_use=ToolUse(schema=arguments_schema(tool), name=tool.name))
