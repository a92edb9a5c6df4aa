"""How the playground runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ..contract.model import Closed


class UiSettings(Closed):
    """See ``aigc ui --help``.

    Attributes:
        auth_file: who may sign in; None asks nobody, which is allowed on this machine's own address only.
        max_upload_bytes: of one recording or picture.
        max_runs: that may be going on at a time, of all pages together. max_variants: pictures of one run.
        max_kept: results that can be looked at again; ``max_kept_bytes`` are those of all of them.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65_535)
    auth_file: Path | None = None
    max_upload_bytes: int = Field(default=64 << 20, ge=1024)
    max_runs: int = Field(default=32, ge=1)
    max_variants: int = Field(default=8, ge=1)
    max_kept: int = Field(default=200, ge=1)
    max_kept_bytes: int = Field(default=2 << 30, ge=1)
