"""Functions that an answer may call: the schema of a call, and how a conversation with calls is told to a model.

Two ways. Models whose chat template knows functions and has a token that begins a call (``<tool_call>``: Qwen, Hermes,
SmolLM3 and others) choose by themselves, as they were trained to. For all others the choice is a question of its own
(:func:`choice_text`), answered by one of the names; then the arguments are asked for, or the answer is written as if
there were no functions. Either way a call always fits its schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aigc_sdk.contract.requests import Message, TextRequest, Tool

from .tokenizer import Tokenizer

CALL = "<tool_call>"
NO_TOOL = "none"
"""What is chosen where no function is needed (``nothing``, if a function has that name)."""
_WITHOUT = "Explain to me what a whale is"
"""A request that needs no function, whatever there is. More of them make small models call nothing at all."""


def trained_for_tools(tokenizer: Tokenizer) -> bool:
    """True if the model's own chat template tells of functions, and calls begin with a token of their own."""
    template = tokenizer.chat_template or ""
    return CALL in template and "tools" in template and tokenizer.inner.token_to_id(CALL) is not None


# --- schemas ------------------------------------------------------------------------------------------------------


def arguments_schema(tool: Tool) -> dict[str, Any]:
    """JSON schema of a function's arguments; those of one that names no parameters are ``{}``."""
    none: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    return dict(tool.parameters) if tool.parameters.get("properties") else none


def call_schema(tools: Sequence[Tool]) -> dict[str, Any]:
    """JSON schema of a call of one of the functions: ``{"name": ..., "arguments": {...}}``."""
    definitions: dict[str, Any] = {}
    calls = []
    for number, tool in enumerate(tools):
        arguments = arguments_schema(tool)
        own = {key: arguments.pop(key) for key in ("$defs", "definitions") if key in arguments}
        names = {f"#/{key}/{name}": f"{number}.{name}" for key, table in own.items() for name in table}
        for key, table in own.items():
            for name, schema in table.items():
                definitions[names[f"#/{key}/{name}"]] = _renamed(schema, names)
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": tool.name}, "arguments": _renamed(arguments, names)},
                "required": ["name", "arguments"],
            }
        )
    return {"anyOf": calls} | ({"$defs": definitions} if definitions else {})


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """The schema with its references led to where the definitions have moved to."""
    if isinstance(schema, list):
        return [_renamed(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {key: _renamed(value, names) for key, value in schema.items()}
    if schema.get("$ref") in names:
        moved["$ref"] = f"#/$defs/{names[schema['$ref']]}"
    return moved


# --- for models that know functions ---------------------------------------------------------------------------------


def as_openai(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The functions as chat templates take them."""
    return [{"type": "function", "function": tool.model_dump(mode="json")} for tool in tools]


def native_turn(message: Message) -> dict[str, Any]:
    """A turn as chat templates that know functions take it."""
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {"type": "function", "function": call.model_dump(mode="json")} for call in message.tool_calls
        ]
    if message.tool is not None:
        turn["name"] = message.tool
    return turn


# --- for all others -------------------------------------------------------------------------------------------------


def plain_turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The turns in words: calls as what the assistant said, results as what it was told."""
    turns: list[dict[str, str]] = []
    before: str | None = None
    for message in messages:
        role = "user" if message.role == "tool" else message.role
        if before == "tool" and role == "user":  # many templates want the roles to alternate
            turns[-1]["content"] += f"\n\n{_in_words(message)}"
        else:
            turns.append({"role": role, "content": _in_words(message)})
        before = message.role
    return turns


def _in_words(message: Message) -> str:
    if message.tool is not None:
        return f"The result of {message.tool}: {message.content}"
    calls = [f"{call.name}({json.dumps(call.arguments, ensure_ascii=False)})" for call in message.tool_calls]
    return "\n".join(filter(None, [message.content, *calls]))


def no_tool(tools: Sequence[Tool]) -> str:
    """What stands for no function among these."""
    return "nothing" if any(tool.name == NO_TOOL for tool in tools) else NO_TOOL


def choice_text(tools: Sequence[Tool], asked: str, *, may_answer: bool) -> str:
    """A text that goes on with the name of the function that ``asked`` needs.

    The functions' descriptions stand as examples of requests, beside one that needs none.
    """
    lines = ["Which function does the request need?"]
    neither = no_tool(tools)
    if may_answer:
        lines[0] += f" If it needs none of them, the answer is {neither}."
    lines += [_example(tool.description or tool.name.replace("_", " "), tool.name) for tool in tools]
    if may_answer:
        lines.insert(2, _example(_WITHOUT, neither))  # not last: the last example is repeated the most
    return "\n\n".join([*lines, _example(asked, "").rstrip()])


def _example(request: str, name: str) -> str:
    return f"Request: {' '.join(request.split())}\nFunction: {name}"


def arguments_instruction(tool: Tool) -> str:
    """What a model is told that has to write the arguments of a call."""
    does = f" It does this: {tool.description.strip()}" if tool.description.strip() else ""
    schema = json.dumps(arguments_schema(tool), ensure_ascii=False)
    return (
        f"Write the arguments for a call of the function {tool.name}.{does}\n"
        f"Take them from the conversation, as a JSON object that fits this schema: {schema}"
    )


def last_question(request: TextRequest) -> str:
    """What the user asked last."""
    asked = [message.content for message in request.messages if message.role == "user"]
    return asked[-1] if asked else request.prompt
