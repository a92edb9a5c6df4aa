"""Messages that wait for their answers: one at a time in a room, and what cancels them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


class Turns:
    """Runs what answers messages. Within a room they are answered in the order in which they came.

    Args:
        queue: most messages of a room, the one that is being answered included.
    """

    def __init__(self, queue: int) -> None:
        self._queue = queue
        self._tasks: dict[str, dict[asyncio.Task[None], str]] = defaultdict(dict)
        self._locks: dict[str, asyncio.Lock] = {}
        self._asides: set[asyncio.Task[None]] = set()

    def waiting(self, room: str) -> int:
        """How many of a room are not answered yet."""
        return len(self._tasks.get(room, ()))

    def full(self, room: str) -> bool:
        """Whether no more of this room is taken."""
        return self.waiting(room) >= self._queue

    def add(self, room: str, person: str, work: Callable[[], Awaitable[None]]) -> None:
        """Has a message answered, after those of its room that came before."""
        task = asyncio.create_task(self._in_turn(room, work))
        self._tasks[room][task] = person
        task.add_done_callback(lambda done: self._forget(room, done))

    async def _in_turn(self, room: str, work: Callable[[], Awaitable[None]]) -> None:
        async with self._locks.setdefault(room, asyncio.Lock()):
            await work()

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something at once, which nobody cancels."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _forget(self, room: str, task: asyncio.Task[None]) -> None:
        self._tasks[room].pop(task)
        if not self._tasks[room]:
            del self._tasks[room]
            self._locks.pop(room, None)

    def cancel(self, room: str, person: str) -> int:
        """Cancels what is done, or waits to be done, for a person in a room. Returns how many that were."""
        mine = [task for task, whose in self._tasks.get(room, {}).items() if whose == person]
        for task in reversed(mine):  # the one that runs last, so that no waiting one starts
            task.cancel()
        return len(mine)

    async def idle(self) -> None:
        """Waits until everything is answered."""
        while tasks := [*self._asides, *(task for room in self._tasks.values() for task in room)]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Cancels everything, and waits for its end."""
        for room in self._tasks.values():
            for task in room:
                task.cancel()
        await self.idle()
