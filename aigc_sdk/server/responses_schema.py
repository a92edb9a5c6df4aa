"""What ``/v1/responses`` takes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from .schema import Seed, StreamOptions, Text, Tiered, Words, as_text


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

    input: Text | Annotated[list[InputMessage], Field(min_length=1, max_length=10_000)]
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
    tools: list[JsonValue] | None = None
    tool_choice: JsonValue = None
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

    @field_validator("tools", "reasoning")
    @classmethod
    def _no_tools(cls, value: Any) -> Any:
        if value:
            raise ValueError("is not supported by the models of this server")
        return value

    @model_validator(mode="after")
    def _ends_with_the_user(self) -> ResponsesBody:
        if not isinstance(self.input, str) and self.input[-1].role != "user":
            raise ValueError("the last message must be the user's")
        return self
