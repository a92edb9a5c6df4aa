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
        aliases: names that stand for models: a model's id, ``default``, or a hub id or folder. They are added to those
            of the client's own settings (``serve.aliases``).
        max_connections: beyond these, requests are answered with 503.
        max_pending: jobs that may wait and run; beyond these, requests are answered with 429.
        jobs_folder: where the files of ``/v1/jobs`` and ``/v1/videos`` lie; None is ``jobs`` in ``$AIGC_HOME``. Servers
            on one database share it. ``max_job_bytes``: that they may take up.
        jobs_at_once: of them, so many run at a time; models batch them.
        max_waiting: so many of them may wait, and of one key ``max_waiting_of_key``; beyond, 429.
        job_ttl_s, video_ttl_s: how long they are kept when they have ended.
        max_videos: that a key may have at a time.
        webhook_secret_file: what webhooks are signed with; None is ``$AIGC_WEBHOOK_SECRET``, or none are sent.
        webhook_hosts: that may have private addresses. ``webhook_pauses_s``: between the tries, in seconds.
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
    jobs_folder: Path | None = None
    max_job_bytes: int = Field(default=4 << 30, ge=1)
    jobs_at_once: int = Field(default=16, ge=1)
    max_waiting: int = Field(default=10_000, ge=1)
    max_waiting_of_key: int = Field(default=1000, ge=1)
    job_ttl_s: float = Field(default=24 * 3600, gt=0)
    video_ttl_s: float = Field(default=3600, gt=0)
    max_videos: int = Field(default=100, ge=1)
    webhook_secret_file: Path | None = None
    webhook_hosts: tuple[str, ...] = ()
    webhook_pauses_s: tuple[float, ...] = (5, 60, 300, 1800, 7200, 18_000)
