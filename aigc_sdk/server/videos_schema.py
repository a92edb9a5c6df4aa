"""What ``/v1/videos`` takes and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from ..contract.requests import MAX_PROMPT_CHARS
from ..ledger.job_queue_rows import QueuedJob
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


STATUS = {
    "queued": "queued",
    "running": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "failed",
}
"""OpenAI's words for the states of a job."""


def video_of(job: QueuedJob) -> dict[str, Any]:
    """A video as OpenAI describes it. Size and seconds are those asked for, then those made; None: the model's own."""
    fields = job.request["fields"]
    made = job.results[0] if job.results else fields
    seconds, width = made.get("duration_s"), made.get("width")
    error = job.error or (
        {"code": "cancelled", "message": "the job was cancelled"} if job.state == "cancelled" else None
    )
    return {
        "id": job.id,
        "object": "video",
        "created_at": int(job.created.timestamp()),
        "completed_at": job.finished and int(job.finished.timestamp()),
        "expires_at": job.expires and int(job.expires.timestamp()),
        "model": job.model,
        "status": STATUS[job.state],
        "progress": job.progress,
        "prompt": fields.get("prompt", ""),
        "seconds": None if seconds is None else f"{round(seconds, 3):g}",
        "size": None if width is None else f"{width}x{made['height']}",
        "error": error and {"code": error["code"], "message": error["message"]},
        "remixed_from_video_id": None,
    }
