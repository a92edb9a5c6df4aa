"""What ``/v1/images`` takes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from ..contract.requests import MAX_PROMPT_CHARS
from .schema import Asked, Seed, Text

Size = Annotated[str, Field(pattern=r"^(auto|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$")]
"""``WIDTHxHEIGHT`` in pixels, or ``auto``, the model's own."""


def sides(size: str | None) -> tuple[int | None, int | None]:
    """Width and height of a :data:`Size`."""
    if size is None or size == "auto":
        return None, None
    width, _, height = size.partition("x")
    return int(width), int(height)


class Pictured(Asked):
    """What generations and edits share."""

    harmless: ClassVar[frozenset[str]] = Asked.harmless | {"quality", "background", "moderation"}

    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)]
    n: int | None = Field(default=None, ge=1, le=10)
    size: Size | None = None
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: int | None = Field(default=None, ge=0, le=100)
    quality: str | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    moderation: JsonValue = None
    stream: bool | None = None
    partial_images: int | None = Field(default=None, ge=0, le=3)
    # Ours, beyond OpenAI's.
    seed: Seed | None = None
    negative_prompt: Text = ""
    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance_scale: float | None = Field(default=None, ge=0, le=50)
    options: dict[str, JsonValue] = {}

    @field_validator("response_format")
    @classmethod
    def _no_address(cls, value: str | None) -> str | None:
        if value == "url":
            raise ValueError("url is not supported, as this server keeps no pictures; b64_json is")
        return value

    @field_validator("quality")
    @classmethod
    def _one_quality(cls, value: str | None) -> str | None:
        if value not in (None, "auto", "standard"):
            raise ValueError("these models have one quality; leave it out, and give steps for more or less work")
        return value

    @field_validator("background")
    @classmethod
    def _no_transparency(cls, value: str | None) -> str | None:
        if value == "transparent":
            raise ValueError("transparent is not supported: these models paint opaque pictures")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Pictured:
        if self.output_compression not in (None, 100) and self.format == "png":
            raise ValueError("output_compression needs an output_format of jpeg or webp; png loses nothing")
        if self.partial_images and not self.stream:
            raise ValueError("partial_images needs stream")
        return self

    @property
    def format(self) -> Literal["png", "jpeg", "webp"]:
        return self.output_format or "png"

    @property
    def all_options(self) -> dict[str, JsonValue]:
        """The model's options. OpenAI's compression counts like a quality: 100 is the best."""
        if self.output_compression is None or self.format == "png":
            return dict(self.options)
        return {"quality": max(1, self.output_compression), **self.options}


class GenerationBody(Pictured):
    """``POST /v1/images/generations``."""

    harmless: ClassVar[frozenset[str]] = Pictured.harmless | {"style"}

    style: Literal["vivid"] | None = None


class EditBody(Pictured):
    """``POST /v1/images/edits``, beside its files. ``strength``: how far the picture may be left, without a mask."""

    harmless: ClassVar[frozenset[str]] = Pictured.harmless | {"input_fidelity"}

    input_fidelity: Literal["low"] | None = None
    # Ours, beyond OpenAI's.
    strength: float | None = Field(default=None, ge=0, le=1)
