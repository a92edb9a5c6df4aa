"""The videos that a server makes and has made: in memory and in a temporary folder, until they are old or deleted.

A server that stops forgets them.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..contract.artifacts import VideoArtifact
from ..contract.errors import AigcError, StoreError, first_line
from ..contract.events import Completed, Event, Progress, Started
from .errors import body_of
from .files import dropped
from .refused import Refused
from .run_jobs import Submitted
from .settings import ServerSettings

log = logging.getLogger(__name__)


@dataclass
class Video:
    """One video, as OpenAI describes it.

    Attributes:
        owner: the name of the key that asked for it. size, seconds: as asked for, then as made; None: the model's own.
        file, media_type, bytes: where it lies, what it is, how large.
    """

    id: str
    owner: str
    model: str
    prompt: str
    size: str | None
    seconds: float | None
    status: str = "queued"
    progress: int = 0
    error: AigcError | None = None
    created_at: int = field(default_factory=lambda: int(time.time()))
    completed_at: int | None = None
    expires_at: int | None = None
    file: Path | None = None
    media_type: str = ""
    bytes: int = 0

    def described(self) -> dict[str, Any]:
        """The answer to who asks for it."""
        failed = body_of(self.error)["error"] if self.error else None
        return {
            "id": self.id,
            "object": "video",
            "created_at": self.created_at,
            "completed_at": self.completed_at,
            "expires_at": self.expires_at,
            "model": self.model,
            "status": self.status,
            "progress": self.progress,
            "prompt": self.prompt,
            "seconds": None if self.seconds is None else f"{self.seconds:g}",
            "size": self.size,
            "error": failed and {"code": failed["code"], "message": failed["message"]},
            "remixed_from_video_id": None,
        }


class Videos:
    """All of them, oldest first. Used by one event loop."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._videos: dict[str, Video] = {}
        self._running: dict[str, tuple[Submitted, asyncio.Task[None]]] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def require_room(self, owner: str) -> None:
        """Raises Refused (429) if the key has as many as it may, or the folder is full."""
        settings = self._settings
        if len(self.of(owner)) >= settings.max_videos:
            what = f"this key has its {settings.max_videos} videos"
        elif self._bytes() >= settings.max_video_bytes:
            what = f"videos take up their {settings.max_video_bytes:,} bytes"
        else:
            return
        fix = "delete some, or wait until they expire"
        raise Refused(429, "rate_limit_error", what, code="too_many_videos", fix=fix, retry_after_s=self._wait())

    def add(self, video: Video, submitted: Submitted) -> None:
        """Follows the job of a new video. Raises Refused as :meth:`require_room`, and cancels it."""
        try:
            self.require_room(video.owner)  # again: others were submitted meanwhile
        except Refused:
            submitted.cancel()
            raise
        self._videos[video.id] = video
        self._running[video.id] = submitted, asyncio.create_task(self._follow(video, submitted))

    def of(self, owner: str) -> list[Video]:
        """A key's videos, oldest first."""
        return [video for video in self._videos.values() if video.owner == owner]

    def get(self, name: str, owner: str) -> Video:
        """One video of a key. Raises Refused (404), also for another key's."""
        video = self._videos.get(name)
        if video is None or video.owner != owner:
            what = f"there is no video {name!r}, or it has expired"
            raise Refused(404, "invalid_request_error", what, code="not_found", param="video_id")
        return video

    async def delete(self, video: Video) -> None:
        """Cancels its job, if that still runs, and removes its file."""
        if video.id in self._running:
            submitted, task = self._running[video.id]
            submitted.cancel()
            await asyncio.wait([task])
        self._forget(video)

    # --- while it is made ----------------------------------------------------------------------------------------

    async def _follow(self, video: Video, submitted: Submitted) -> None:
        try:
            async with aclosing(submitted.events()) as events:
                async for _, event in events:
                    await self._note(video, event)
        except AigcError as error:
            video.error = error
        except OSError as error:
            video.error = StoreError(f"the video cannot be kept: {error.strerror or first_line(error)}")
        except Exception as error:
            log.exception("%s", video.id)
            video.error = AigcError(f"unexpected {type(error).__name__}; the server's log says more")
        finally:
            submitted.cancel()
            del self._running[video.id]
        self._end(video)

    async def _note(self, video: Video, event: Event) -> None:
        if isinstance(event, Started):
            video.status = "in_progress"
        elif isinstance(event, Progress) and event.of:
            # It never goes back, and is full only when the file is there.
            video.progress = min(99, max(video.progress, 100 * event.step // event.of))
        elif isinstance(event, Completed) and isinstance(event.artifact, VideoArtifact):
            await self._keep(video, event.artifact)

    async def _keep(self, video: Video, artifact: VideoArtifact) -> None:
        video.size, video.seconds = f"{artifact.width}x{artifact.height}", round(artifact.duration_s, 3)
        size = artifact.path.stat().st_size if artifact.path is not None else len(artifact.content())
        try:
            if self._bytes() + size > self._settings.max_video_bytes:
                what = f"videos take up their {self._settings.max_video_bytes:,} bytes"
                raise StoreError(what, fix="delete some, or wait until they expire")
            video.bytes = size
            target = self._place() / f"{video.id}.{artifact.media_type.partition('/')[2]}"
            await asyncio.to_thread(artifact.save, target, receipt=False)
        finally:
            dropped(artifact)
        video.file, video.media_type = target, artifact.media_type

    def _end(self, video: Video) -> None:
        video.status = "completed" if video.file is not None else "failed"
        video.progress = 100 if video.file is not None else video.progress
        video.completed_at = int(time.time())
        video.expires_at = video.completed_at + round(self._settings.video_ttl_s)
        asyncio.get_running_loop().call_later(self._settings.video_ttl_s, self._forget, video)

    def _forget(self, video: Video) -> None:
        self._videos.pop(video.id, None)
        if video.file is not None:
            video.file.unlink(missing_ok=True)
            video.file = None

    def _bytes(self) -> int:
        return sum(video.bytes for video in self._videos.values() if video.error is None)

    def _wait(self) -> float:
        """Seconds until the first one expires; a guess if none is done yet."""
        ends = [video.expires_at for video in self._videos.values() if video.expires_at is not None]
        return min(ends) - time.time() if ends else 60.0

    def _place(self) -> Path:
        """Removed when the process ends."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="aigc-videos-", ignore_cleanup_errors=True)
        return Path(self._folder.name)
