"""Who follows jobs is told as things happen: one watcher for all of them, so that a thousand who wait cost little."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Iterator
from datetime import datetime
from typing import Any

from fastapi.responses import Response

from ..contract.errors import AigcError, MissingExtra, StoreError
from ..ledger.job_queue_rows import QueuedJob
from .errors import body_of
from .jobs_calls import QueueCalls
from .keys import Caller
from .sse import EVENTS

LAST = frozenset(["completed", "failed", "cancelled"])
"""Types of a job's last event."""
_LOOK_S = 1.0
_BEAT_S = 15.0
_AT_ONCE = 500
_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
_BEAT = b":\n\n"
_BEHIND_ALL = 1 << 60
"""Behind the number of any event: only a job that is gone is told as changed."""


class Follower:
    """One who follows a job.

    Attributes:
        seen: number of the last event that was sent. news: there may be newer ones. beat: when a comment is due.
        gone: the client hung up.
    """

    __slots__ = ("_woken", "beat", "gone", "key", "news", "seen")

    def __init__(self, key: int, seen: int) -> None:
        self.key = key
        self.seen = seen
        self.beat = time.monotonic() + _BEAT_S
        self.news = True
        self.gone = False
        self._woken = asyncio.Event()

    def wake(self, news: bool) -> None:
        """Something may have happened, or a comment is due."""
        self.news |= news
        self._woken.set()

    def leave(self) -> None:
        """The client is gone."""
        self.gone = True
        self._woken.set()

    async def wait(self) -> None:
        """Until it is woken."""
        await self._woken.wait()
        self._woken.clear()


class Watcher:
    """Wakes those who follow jobs: at once for what this server does, within about a second for what others do.

    Attributes:
        ending: the server is being stopped; streams end, and their clients come again with what they have seen.
    """

    def __init__(self, calls: QueueCalls) -> None:
        self.ending = False
        self._calls = calls
        self._followers: dict[int, set[Follower]] = {}

    @property
    def count(self) -> int:
        """How many follow."""
        return sum(len(followers) for followers in self._followers.values())

    @contextlib.contextmanager
    def following(self, key: int, seen: int) -> Iterator[Follower]:
        """One more who follows a job, until the block ends."""
        follower = Follower(key, seen)
        self._followers.setdefault(key, set()).add(follower)
        try:
            yield follower
        finally:
            others = self._followers[key]
            others.discard(follower)
            if not others:
                del self._followers[key]

    def notify(self, key: int) -> None:
        """This server did something to a job."""
        for follower in self._followers.get(key, ()):
            follower.wake(news=True)

    def end(self) -> None:
        """Ends all streams."""
        self.ending = True
        for key in list(self._followers):
            self.notify(key)

    async def run(self) -> None:
        """Looks for what other servers did, until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if not self._followers:
                continue
            seen = {key: min(one.seen for one in followers) for key, followers in self._followers.items()}
            with contextlib.suppress(AigcError):  # the database is gone: it is asked again in a second
                for key in await self._calls.read(self._calls.queue.changes, seen):
                    self.notify(key)
            now = time.monotonic()
            for followers in self._followers.values():
                for one in followers:
                    if one.beat <= now:
                        one.wake(news=False)


class EventStream(Response):
    """A job's events by SSE, from behind ``after`` until its last one; comments now and then while nothing happens.

    The number of an event is its ``id``, so that a client that comes again with ``Last-Event-ID`` misses none.
    """

    def __init__(self, watcher: Watcher, calls: QueueCalls, job: QueuedJob, caller: Caller, after: int) -> None:
        self.status_code = 200
        self.media_type = EVENTS
        self.background = None
        self.init_headers(_HEADERS)
        self._watcher = watcher
        self._calls = calls
        # Not the job: what it asks for may be large, and a thousand may follow it.
        self._id, self._key = job.id, job.key
        self._caller = caller
        self._after = after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with self._watcher.following(self._key, self._after) as follower:
            watch = asyncio.create_task(_until_gone(receive, follower))
            try:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await self._send(follower, send)
            finally:
                watch.cancel()
                await asyncio.wait([watch])

    async def _send(self, follower: Follower, send: Any) -> None:
        # The head goes out now, not with the first event: who waits can tell that we are there.
        body, more = _BEAT, True
        while more and not follower.gone:
            if follower.news:
                follower.news = False
                fresh, more = await self._fresh(follower)
                body += fresh
            if body or not more:
                follower.beat = time.monotonic() + _BEAT_S
                await send({"type": "http.response.body", "body": body, "more_body": more})
            if more:
                await follower.wait()
                body = _BEAT if follower.beat <= time.monotonic() else b""

    async def _fresh(self, follower: Follower) -> tuple[bytes, bool]:
        """What is new, and whether more can come."""
        lines = b""
        try:
            self._caller.require_valid()
            async for number, at, event in self._events(follower):
                lines += _line(_told(self._id, at, event), number)
                if event["type"] in LAST:
                    return lines, False
            return lines, not self._watcher.ending and (lines != b"" or await self._is_there(follower))
        except (StoreError, MissingExtra):
            return lines, not self._watcher.ending  # the watcher wakes us when the database is there again
        except AigcError as error:
            return lines + _line({"type": "error", **body_of(error)}), False

    async def _events(self, follower: Follower) -> AsyncGenerator[tuple[int, datetime, dict[str, Any]], None]:
        while events := await self._calls.read(self._calls.queue.events, follower.key, follower.seen, _AT_ONCE):
            for event in events:
                yield event
            follower.seen = events[-1][0]

    async def _is_there(self, follower: Follower) -> bool:
        """Whether the job was not deleted meanwhile."""
        return not await self._calls.read(self._calls.queue.changes, {follower.key: _BEHIND_ALL})


def _told(id: str, at: datetime, event: dict[str, Any]) -> dict[str, Any]:
    return {"type": event["type"], "job": id, "at": round(at.timestamp(), 3), **event}


def _line(value: dict[str, Any], number: int | None = None) -> bytes:
    numbered = f"id: {number}\n" if number is not None else ""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"{numbered}event: {value['type']}\ndata: {data}\n\n".encode("utf-8", "replace")


async def _until_gone(receive: Any, follower: Follower) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    follower.leave()
