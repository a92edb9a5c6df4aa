"""What ``/v1/audio`` takes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from ..contract.requests import MAX_PROMPT_CHARS
from .schema import DEFAULT, Asked, Seed

SpeechFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
"""A BCP-47 tag."""


class VoiceId(BaseModel):
    """A voice by its id, as OpenAI writes custom ones."""

    model_config = ConfigDict(extra="forbid")
    id: str


class SpeechBody(Asked):
    """``POST /v1/audio/speech``. The voice ``default`` is the model's own."""

    input: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)]
    voice: str | VoiceId | None = None
    response_format: SpeechFormat = "mp3"
    speed: float = Field(default=1.0, ge=0.25, le=4)
    instructions: str | None = None
    stream_format: Literal["audio", "sse"] = "audio"
    # Ours, beyond OpenAI's.
    language: Language | None = None
    sample_rate: int | None = Field(default=None, ge=8_000, le=192_000)
    seed: Seed | None = None
    options: dict[str, JsonValue] = {}

    @field_validator("response_format")
    @classmethod
    def _no_aac(cls, value: str) -> str:
        if value == "aac":
            raise ValueError("aac is not supported; mp3, opus, flac, wav and pcm are")
        return value

    @field_validator("instructions")
    @classmethod
    def _no_instructions(cls, value: str | None) -> str | None:
        if value:
            raise ValueError("is not supported: these voices speak in one way; speed and voice are")
        return value

    @property
    def voice_id(self) -> str | None:
        """None for the model's own."""
        name = self.voice.id if isinstance(self.voice, VoiceId) else self.voice
        return None if name == DEFAULT else name


class TranscriptionBody(Asked):
    """``POST /v1/audio/transcriptions``, beside its file."""

    harmless: ClassVar[frozenset[str]] = Asked.harmless | {"chunking_strategy", "temperature"}

    language: Language | None = None
    prompt: str | None = None
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    temperature: float | None = None
    timestamp_granularities: list[Literal["word", "segment"]] = []
    chunking_strategy: Literal["auto"] | None = None
    include: list[JsonValue] = []
    stream: bool | None = None
    # Ours, beyond OpenAI's.
    options: dict[str, JsonValue] = {}

    @field_validator("prompt")
    @classmethod
    def _no_prompt(cls, value: str | None) -> str | None:
        if value:
            raise ValueError("is not supported: it would not steer what is written")
        return value

    @field_validator("temperature")
    @classmethod
    def _greedy(cls, value: float | None) -> float | None:
        if value:
            raise ValueError("only 0 is supported: the likeliest words are written")
        return value

    @field_validator("include")
    @classmethod
    def _nothing_more(cls, value: list[JsonValue]) -> list[JsonValue]:
        if value:
            raise ValueError("is not supported: the recognisers give no log-probabilities")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> TranscriptionBody:
        if self.timestamp_granularities and self.response_format != "verbose_json":
            raise ValueError("timestamp_granularities needs a response_format of verbose_json")
        if self.stream and self.response_format not in ("json", "text"):
            raise ValueError("stream needs a response_format of json or text")
        return self
