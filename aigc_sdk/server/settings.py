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
        drain_s: how long running requests may take to end when the server is stopped.
        max_connections: beyond these, requests are answered with 503.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    api_key_file: Path | None = None
    max_body_bytes: int = Field(default=4 << 20, ge=1024)
    max_upload_bytes: int = Field(default=64 << 20, ge=1024)
    drain_s: float = Field(default=60, ge=0)
    max_connections: int = Field(default=2000, ge=1)
