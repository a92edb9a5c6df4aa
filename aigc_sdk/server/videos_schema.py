"""What ``/v1/videos`` takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from ..contract.requests import MAX_PROMPT_CHARS
from .images_schema import Size
from .schema import Asked, Seed, Text


class Reference(BaseModel):
    """A picture inside the body, where it is no uploaded file: a ``data:`` address."""

    model_config = ConfigDict(extra="forbid")
    image_url: str | None = None
    file_id: str | None = None

    @model_validator(mode="after")
    def _inside(self) -> Reference:
        if self.image_url is None or not self.image_url.startswith("data:"):
            raise ValueError("this server fetches and keeps no pictures: upload the file, or give a data: image_url")
        return self


class VideoBody(Asked):
    """``POST /v1/videos``. ``size`` is the frames', ``seconds`` the length; None is the model's own."""

    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)]
    input_reference: Reference | None = None
    seconds: float | None = Field(default=None, gt=0, le=3600)
    size: Size | None = None
    # Ours, beyond OpenAI's.
    fps: float | None = Field(default=None, ge=1, le=120)
    motion: str | None = None
    format: Literal["mp4", "webm", "gif"] | None = None
    negative_prompt: Text = ""
    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance_scale: float | None = Field(default=None, ge=0, le=50)
    seed: Seed | None = None
    options: dict[str, JsonValue] = {}
