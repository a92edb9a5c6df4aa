"""Where tickets wait for the thread that takes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

from .fair_queue import FairQueue
from .ticket import Ticket

_LONGEST_S = 2.0
"""So long may those who fit into a batch that runs go before one who does not; then the batch is left to end."""


class Waiting:
    """A :class:`FairQueue` between threads."""

    def __init__(self) -> None:
        self._tickets = FairQueue()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, ticket: Ticket) -> bool:
        """Adds a ticket. Returns False, and does not, once closed."""
        with self._changed:
            if not self._closed:
                self._tickets.put(ticket)
                self._changed.notify()
            return not self._closed

    def close(self) -> None:
        """Nobody shall wait here any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def next_batch(self, size: int, wait_s: float) -> list[Ticket]:
        """Blocks for a ticket, then takes up to ``size`` with the key of whose turn it is, waiting ``wait_s`` for more.

        Returns an empty list once closed.
        """
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._tickets or self._closed)
                if self._closed:
                    return []
                if (first := self._tickets.first()) is None:
                    continue  # all of them were cancelled while they waited
                until = time.monotonic() + wait_s
                while (left := until - time.monotonic()) > 0 and self._tickets.count(first.key) < size:
                    self._changed.wait(left)
                    if self._closed:
                        return []
                if taken := self._tickets.take(first.key, size):
                    return taken

    def more(self, key: Hashable, limit: int) -> list[Ticket]:
        """Up to ``limit`` waiting tickets with that key; does not block. None, once another key has waited too long."""
        if not self._tickets or limit < 1:
            return []
        with self._changed:
            if self._tickets.waited(besides=key) > _LONGEST_S:
                return []
            return self._tickets.take(key, limit)

    def ran(self, ticket: Ticket, seconds: float) -> None:
        """As :meth:`FairQueue.ran`."""
        with self._changed:
            self._tickets.ran(ticket, seconds)

    @property
    def mean_s(self) -> float:
        """What a job took lately, in seconds."""
        return self._tickets.mean_s

    def drain(self) -> list[Ticket]:
        """Takes out everything that still waits."""
        with self._changed:
            return self._tickets.drain()
