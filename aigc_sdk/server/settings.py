"""How the server runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ..contract.model import Closed


class ServerSettings(Closed):
    """See ``aigc serve --help``.

    Attributes:
        api_key_file: whose keys are asked for; None asks for none, which is allowed on this machine's own address only.
        max_body_bytes: of a request without files; ``max_upload_bytes`` of one with.
        head_s: how long the first line and the headers of a request may take to arrive; ``arrival_s`` the body.
        drain_s: how long running requests may take to end when the server is stopped.
        sources: hub ids and folders that clients may name as a model, beside the models of the installed plugins.
        aliases: names that stand for models: a model's id, ``default``, or a hub id or folder.
        max_connections: beyond these, requests are answered with 503.
        max_pending: jobs that may wait and run; beyond these, requests are answered with 429.
        max_videos: that a key may have at a time; ``max_video_bytes`` are those of all videos.
        video_ttl_s: how long a video is kept when it is done.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    api_key_file: Path | None = None
    max_body_bytes: int = Field(default=4 << 20, ge=1024)
    max_upload_bytes: int = Field(default=64 << 20, ge=1024)
    head_s: float = Field(default=20, gt=0)
    arrival_s: float = Field(default=60, gt=0)
    drain_s: float = Field(default=60, ge=0)
    sources: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    max_connections: int = Field(default=2000, ge=1)
    max_pending: int = Field(default=1000, ge=1)
    max_videos: int = Field(default=100, ge=1)
    max_video_bytes: int = Field(default=4 << 30, ge=1)
    video_ttl_s: float = Field(default=3600, gt=0)
