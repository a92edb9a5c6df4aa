"""Functions in ``/v1/chat/completions``: what is taken, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, JsonValue, Tag

from ..contract.artifacts import TextArtifact
from ..contract.requests import Message, Tool, ToolCall, ToolName

if TYPE_CHECKING:
    from .schema import ChatMessage


class Function(BaseModel):
    """What may be called. ``strict`` changes nothing: a call always fits its schema."""

    model_config = ConfigDict(extra="forbid")
    name: ToolName
    description: str | None = None
    parameters: dict[str, JsonValue] | None = None
    strict: bool | None = None


class FunctionTool(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["function"]
    function: Function

    @property
    def tool(self) -> Tool:
        function = self.function
        return Tool(name=function.name, description=function.description or "", parameters=function.parameters or {})


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: ToolName


class NamedChoice(BaseModel):
    """One function, which has to be called."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["function"]
    function: Named


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("word")] | Annotated[NamedChoice, Tag("named")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "named"),
]


class Called(BaseModel):
    """The function and its arguments, as a JSON text."""

    model_config = ConfigDict(extra="forbid")
    name: ToolName
    arguments: str


class CallMade(BaseModel):
    """A call in an earlier answer."""

    model_config = ConfigDict(extra="forbid")
    id: str
    type: Literal["function"] = "function"
    function: Called
    index: int | None = None

    @property
    def call(self) -> ToolCall:
        """Raises ValueError if the arguments are no JSON object."""
        try:
            arguments = json.loads(self.function.arguments or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise ValueError(f"the arguments of the call {self.id!r} are no JSON object")
        return ToolCall(name=self.function.name, arguments=arguments)


def tools_wanted(tools: Sequence[FunctionTool] | None, choice: ToolChoice | None) -> dict[str, Any]:
    """The request's fields. Raises ValueError for a choice that is none of the functions."""
    known = tuple(tool.tool for tool in tools or ())
    if isinstance(choice, NamedChoice):
        known = tuple(tool for tool in known if tool.name == choice.function.name)
        if not known:
            raise ValueError(f"tool_choice names {choice.function.name!r}, which is none of the tools")
        return {"tools": known, "tool_choice": "required"}
    if choice == "required" and not known:
        raise ValueError("tool_choice is required, and there are no tools")
    return {} if choice == "none" or not known else {"tools": known, "tool_choice": choice or "auto"}


def turns_of(messages: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """The conversation without what precedes it. Raises ValueError for a result that no call asked for."""
    turns, names = [], dict[str, str]()
    for turn in messages:
        if turn.role in ("system", "developer"):
            continue
        calls = tuple(made.call for made in turn.tool_calls or ())
        names |= {made.id: made.function.name for made in turn.tool_calls or ()}
        if turn.role == "tool" and turn.tool_call_id not in names:
            raise ValueError(f"tool_call_id {turn.tool_call_id!r} is of no call before it")
        tool = names[turn.tool_call_id] if turn.role == "tool" and turn.tool_call_id else None
        turns.append(Message(role=turn.role, content=turn.words, tool_calls=calls, tool=tool))
    return tuple(turns)


def calls_made(artifact: TextArtifact, job: str) -> list[dict[str, Any]]:
    """The calls of an answer in OpenAI's shape."""
    return [
        {
            "id": f"call_{job}_{number}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)},
        }
        for number, call in enumerate(artifact.tool_calls)
    ]
