"""What OpenAI's API takes, as far as this server goes.

Fields that would change the result and cannot be honoured are refused by name. Those that cannot change it are taken
and named in the response header ``X-Aigc-Ignored``. Anything else is an unknown field, and refused.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator, model_validator

from ..contract.requests import MAX_PROMPT_CHARS, MAX_SEED
from .tools import CallMade, FunctionTool, ToolChoice, tools_wanted, turns_of

DEFAULT = "default"
"""The model name that stands for each modality's default."""
Text = Annotated[str, Field(max_length=MAX_PROMPT_CHARS)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


class Asked(BaseModel):
    """Root of all request bodies.

    ``harmless``: fields that are taken and do nothing here; they are OpenAI's bookkeeping.
    """

    model_config = ConfigDict(extra="forbid")
    harmless: ClassVar[frozenset[str]] = frozenset(["user", "metadata", "store", "service_tier", "safety_identifier"])

    model: str = Field(default=DEFAULT, min_length=1, max_length=500)
    user: JsonValue = None
    metadata: JsonValue = None
    store: JsonValue = None
    service_tier: JsonValue = None
    safety_identifier: JsonValue = None

    @property
    def ignored(self) -> list[str]:
        """The harmless fields that were given."""
        return sorted(name for name in self.model_fields_set & self.harmless if getattr(self, name) is not None)

    @property
    def model_id(self) -> str | None:
        """None for the default."""
        return None if self.model == DEFAULT else self.model


class Tiered(Asked):
    """What asks for text: ``service_tier`` says whose goes first."""

    harmless: ClassVar[frozenset[str]] = (Asked.harmless - {"service_tier"}) | {
        "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    }  # fmt: skip

    service_tier: Literal["auto", "default", "flex", "scale", "priority"] | None = None
    prompt_cache_key: JsonValue = None
    prompt_cache_options: JsonValue = None
    prompt_cache_retention: JsonValue = None

    @property
    def priority(self) -> int:
        """For the engine: a higher one goes first."""
        return {"priority": 1, "flex": -1}.get(self.service_tier or "default", 0)


class Part(BaseModel):
    """A part of a message; only text is taken. What an earlier answer's part had beside its text is let through."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text", "input_text", "output_text"]
    text: Text
    annotations: list[JsonValue] | None = None
    logprobs: list[JsonValue] | None = None


def as_text(content: str | list[Part]) -> str:
    """What is said, whatever its form."""
    return content if isinstance(content, str) else "".join(part.text for part in content)


# Which of the two is meant is told by its shape, so that an error is about the one that was meant.
Words = Annotated[
    Annotated[Text, Tag("string")] | Annotated[list[Part], Tag("parts")],
    Discriminator(lambda value: "parts" if isinstance(value, list) else "string"),
]


class ChatMessage(BaseModel):
    """A turn. ``developer`` is the newer name of ``system``."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Words | None = None
    name: str | None = None
    refusal: None = None
    annotations: list[JsonValue] | None = None
    audio: None = None
    tool_calls: list[CallMade] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ChatMessage:
        if self.content is None and not self.tool_calls:
            raise ValueError("a message has content")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only the assistant's messages have tool_calls")
        if (self.tool_call_id is not None) != (self.role == "tool"):
            raise ValueError("messages of the role tool, and no others, have a tool_call_id")
        return self

    @property
    def words(self) -> str:
        return as_text(self.content or "")


class JsonSchema(BaseModel):
    """``response_format.json_schema``."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    name: str = ""
    description: str | None = None
    schema_: dict[str, JsonValue] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(BaseModel):
    """Text, any JSON object, or JSON of a schema."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @property
    def schema_wanted(self) -> dict[str, Any] | None:
        """The JSON schema that the answer has to fit; None for text."""
        if self.type == "text":
            return None
        if self.type == "json_object":
            return {"type": "object"}
        return dict(self.json_schema.schema_) if self.json_schema else {"type": "object"}


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    include_usage: bool = False
    include_obfuscation: bool | None = None


class Sampled(Tiered):
    """What chat and completions share."""

    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    n: int = Field(default=1, ge=1, le=16)
    seed: Seed | None = None
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    # Ours, beyond OpenAI's, as other servers have them.
    top_k: int | None = Field(default=None, ge=0)
    min_p: float | None = Field(default=None, ge=0, le=1)
    repetition_penalty: float | None = Field(default=None, ge=1, le=2)
    options: dict[str, JsonValue] = {}

    @field_validator("frequency_penalty", "presence_penalty")
    @classmethod
    def _no_penalty(cls, value: float | None) -> float | None:
        if value:
            raise ValueError("is not supported; repetition_penalty is")
        return value

    @field_validator("logit_bias")
    @classmethod
    def _no_bias(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value:
            raise ValueError("is not supported")
        return value

    @property
    def stops(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class ChatBody(Sampled):
    """``POST /v1/chat/completions``."""

    harmless: ClassVar[frozenset[str]] = Tiered.harmless | {"parallel_tool_calls", "prediction", "verbosity"}

    messages: list[ChatMessage] = Field(min_length=1, max_length=10_000)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    modalities: list[Literal["text"]] | None = None
    tools: list[FunctionTool] | None = Field(default=None, max_length=128)
    tool_choice: ToolChoice | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    parallel_tool_calls: JsonValue = None
    prediction: JsonValue = None
    reasoning_effort: Literal["none"] | None = None
    verbosity: Literal["medium"] | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> ChatBody:
        if self.messages[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's, or the result of a function")
        if self.response_format and self.response_format.schema_wanted and self.tools and self.tool_choice != "none":
            raise ValueError("give tools, or a response_format with a schema, not both")
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs to be true")
        tools_wanted(self.tools, self.tool_choice)
        turns_of(self.messages)
        return self


class CompletionBody(Sampled):
    """``POST /v1/completions``."""

    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=128)]
    echo: bool = False
    suffix: None = None
    best_of: Literal[1] | None = None
    logprobs: Literal[0] | None = None
