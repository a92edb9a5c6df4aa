"""Wakes an event loop from other threads, as seldom as possible."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary, ref


class Bell:
    """Calls functions in an event loop, for threads that are not the loop's.

    A wake-up costs more than most of what follows from it: it is a system call that gives up the interpreter's lock.
    What comes while the loop has not woken yet is done with the same one, in the order in which it came.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)  # the loop's bell shall not keep it
        self._due: deque[Callable[[], object]] = deque()
        self._rung = False

    def ring(self, call: Callable[[], object]) -> None:
        """Has ``call`` called soon. From any thread; does nothing once the loop is closed."""
        self._due.append(call)
        if not self._rung:
            self._rung = True
            with contextlib.suppress(RuntimeError):  # the loop is closed; nobody listens any more
                if (loop := self._loop()) is not None:
                    loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._rung = False  # before looking: what comes from now on rings anew
        while self._due:
            self._due.popleft()()


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, Bell] = WeakKeyDictionary()


def bell_of(loop: asyncio.AbstractEventLoop) -> Bell:
    """The loop's bell."""
    bell = _bells.get(loop)
    return bell if bell is not None else _bells.setdefault(loop, Bell(loop))
