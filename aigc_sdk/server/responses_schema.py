"""What ``/v1/responses`` takes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator, model_validator

from ..contract.requests import ToolName
from .schema import ChatMessage, Seed, StreamOptions, Text, Tiered, Words, as_text
from .tools import Called, CallMade, Function, FunctionTool, Named, NamedChoice, tools_wanted, turns_of


class InputMessage(BaseModel):
    """A turn; what an earlier response put out can be given back as it is."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Words
    id: str | None = None
    status: str | None = None
    phase: str | None = None

    @property
    def words(self) -> str:
        return as_text(self.content)


class FunctionCall(BaseModel):
    """A call that an earlier response made."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["function_call"]
    call_id: str
    name: ToolName
    arguments: str
    id: str | None = None
    status: str | None = None


class FunctionResult(BaseModel):
    """What the function gave."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["function_call_output"]
    call_id: str
    output: Words
    id: str | None = None
    status: str | None = None


def _kind(value: Any) -> str:
    kind = value.get("type", "message") if isinstance(value, dict) else getattr(value, "type", "message")
    return kind if kind in ("function_call", "function_call_output") else "message"


InputItem = Annotated[
    Annotated[InputMessage, Tag("message")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionResult, Tag("function_call_output")],
    Discriminator(_kind),
]


class FlatTool(Function):
    """A function; here its fields stand beside ``type``, not beneath ``function`` as in chat."""

    type: Literal["function"]

    @model_validator(mode="before")
    @classmethod
    def _a_function(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("type") != "function":
            raise ValueError("only tools of the type function are supported")
        return value


class FlatChoice(BaseModel):
    """One function, which has to be called."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["function"]
    name: ToolName


FlatToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("word")] | Annotated[FlatChoice, Tag("named")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "named"),
]


class TextFormat(BaseModel):
    """``text.format``; the schema stands in it, not beneath ``json_schema`` as in chat."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text", "json_object", "json_schema"]
    name: str = ""
    description: str | None = None
    schema_: dict[str, JsonValue] | None = Field(default=None, alias="schema")
    strict: bool | None = None

    @model_validator(mode="after")
    def _schema_where_said(self) -> TextFormat:
        if (self.type == "json_schema") != (self.schema_ is not None):
            raise ValueError("schema goes with type json_schema, and with no other")
        return self


class TextSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: TextFormat = TextFormat(type="text")
    verbosity: Literal["medium"] | None = None

    @property
    def schema_wanted(self) -> dict[str, Any] | None:
        """The JSON schema that the answer has to fit; None for text."""
        if self.format.type == "text":
            return None
        return dict(self.format.schema_ or {"type": "object"})

    @property
    def format_given(self) -> dict[str, Any]:
        return self.format.model_dump(by_alias=True, exclude_unset=True)


class ResponsesBody(Tiered):
    """``POST /v1/responses``."""

    harmless: ClassVar[frozenset[str]] = Tiered.harmless | {
        "include", "max_tool_calls", "parallel_tool_calls", "truncation",
    }  # fmt: skip

    input: Text | Annotated[list[InputItem], Field(min_length=1, max_length=10_000)]
    instructions: Text | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    text: TextSettings | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    background: Literal[False] | None = None
    previous_response_id: str | None = None
    conversation: JsonValue = None
    tools: list[FlatTool] | None = Field(default=None, max_length=128)
    tool_choice: FlatToolChoice | None = None
    reasoning: JsonValue = None
    include: list[JsonValue] | None = None
    parallel_tool_calls: JsonValue = None
    max_tool_calls: JsonValue = None
    truncation: Literal["auto", "disabled"] | None = None
    # Ours, beyond OpenAI's.
    seed: Seed | None = None
    options: dict[str, JsonValue] = {}

    @field_validator("previous_response_id", "conversation")
    @classmethod
    def _nothing_is_kept(cls, value: Any) -> Any:
        if value:
            raise ValueError("is not supported: responses are not kept; give the whole conversation as input")
        return value

    @field_validator("reasoning")
    @classmethod
    def _no_reasoning(cls, value: Any) -> Any:
        if value:
            raise ValueError("is not supported by the models of this server")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> ResponsesBody:
        if self.turns[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's, or the result of a function")
        if self.tools and self.tool_choice != "none" and self.text and self.text.schema_wanted:
            raise ValueError("give tools, or a text.format with a schema, not both")
        turns_of(self.turns)
        _ = self.tools_wanted
        return self

    @property
    def turns(self) -> list[ChatMessage]:
        """The input as chat has it."""
        if isinstance(self.input, str):
            return [ChatMessage(role="user", content=self.input)]
        return [_turn(item) for item in self.input]

    @property
    def tools_wanted(self) -> dict[str, Any]:
        """The request's fields. Raises ValueError for a choice that is none of the functions."""
        tools = [
            FunctionTool(type="function", function=Function(**tool.model_dump(exclude={"type"})))
            for tool in self.tools or ()
        ]
        choice = self.tool_choice
        if isinstance(choice, FlatChoice):
            return tools_wanted(tools, NamedChoice(type="function", function=Named(name=choice.name)))
        return tools_wanted(tools, choice)


def _turn(item: InputMessage | FunctionCall | FunctionResult) -> ChatMessage:
    if isinstance(item, FunctionCall):
        made = CallMade(id=item.call_id, function=Called(name=item.name, arguments=item.arguments))
        return ChatMessage(role="assistant", tool_calls=[made])
    if isinstance(item, FunctionResult):
        return ChatMessage(role="tool", content=item.output, tool_call_id=item.call_id)
    return ChatMessage(role=item.role, content=item.content)
