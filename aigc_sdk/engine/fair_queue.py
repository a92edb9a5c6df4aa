"""The order in which waiting jobs run: by priority, then fairly between those who asked, then first come first served.

Fair means by time on the device. Each owner has an account of the seconds that their jobs took, and the next turn is
the one whose account is lowest. Whoever comes anew starts level with the last who had a turn: nobody saves up turns by
staying away. (Virtual counters as in Sheng et al. 2024, "Fairness in Serving Large Language Models",
https://arxiv.org/abs/2401.00588, counting seconds in place of tokens.)
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable

from .ticket import Ticket

_NEWEST = 0.2
"""Weight of the latest job in the mean of what one takes."""
_MOST_ACCOUNTS = 1000


class FairQueue:
    """Tickets that wait. Not thread-safe: whoever holds it has a lock. Jobs that have ended are never given out.

    Attributes:
        mean_s: what a job took lately, in seconds.
    """

    def __init__(self) -> None:
        self._lanes: dict[tuple[int, str], deque[Ticket]] = {}
        self._accounts: dict[str, float] = {}
        self._level = 0.0
        self.mean_s = 1.0
        self._turns = 0

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def put(self, ticket: Ticket) -> None:
        """Adds a ticket, last of its owner and its priority."""
        owner = ticket.job.owner
        waiting = {name for _, name in self._lanes}
        if owner not in waiting:
            if len(self._accounts) >= _MOST_ACCOUNTS:
                self._accounts = {name: used for name, used in self._accounts.items() if name in waiting}
            self._accounts[owner] = max(self._accounts.get(owner, 0.0), self._level)
        self._turns += 1
        ticket.turn, ticket.came = self._turns, time.monotonic()
        self._lanes.setdefault((ticket.job.priority, owner), deque()).append(ticket)

    def first(self) -> Ticket | None:
        """Whose turn it is; stays in the queue."""
        lanes = self._in_turn()
        return self._lanes[lanes[0]][0] if lanes else None

    def take(self, key: Hashable, most: int) -> list[Ticket]:
        """Takes out up to ``most`` tickets with that key, each when it is its turn among these."""
        taken: list[Ticket] = []
        while len(taken) < most and (ticket := self._next(key)) is not None:
            taken.append(ticket)
        return taken

    def count(self, key: Hashable) -> int:
        """How many wait with that key."""
        return sum(ticket.key == key for lane in self._lanes.values() for ticket in lane)

    def waited(self, besides: Hashable) -> float:
        """Seconds that the longest waiting of those who are next of their owner has waited, without those of a key."""
        heads = [lane[0] for lane in self._lanes.values() if lane[0].key != besides and not lane[0].job.done]
        return time.monotonic() - min((ticket.came for ticket in heads), default=time.monotonic())

    def ran(self, ticket: Ticket, seconds: float) -> None:
        """Charges its owner with what a ticket took, in place of what was expected of it."""
        self.mean_s += _NEWEST * (seconds - self.mean_s)
        self._charge(ticket.job.owner, seconds - ticket.charged)

    def drain(self) -> list[Ticket]:
        """Takes out everything, oldest first."""
        left = sorted((ticket for lane in self._lanes.values() for ticket in lane), key=lambda ticket: ticket.turn)
        self._lanes.clear()
        return left

    def _next(self, key: Hashable) -> Ticket | None:
        for name in self._in_turn():
            lane = self._lanes[name]
            for ticket in lane:
                if ticket.key == key and not ticket.job.done:
                    lane.remove(ticket)
                    if not lane:
                        del self._lanes[name]
                    self._level = max(self._level, self._accounts.get(name[1], 0.0))
                    ticket.charged = self.mean_s  # at once, so that the next turn is somebody else's
                    self._charge(name[1], ticket.charged)
                    return ticket
        return None

    def _in_turn(self) -> list[tuple[int, str]]:
        """The lanes that hold anything to run, the next one first."""
        for lane in self._lanes.values():
            while lane and lane[0].job.done:
                lane.popleft()
        self._lanes = {name: lane for name, lane in self._lanes.items() if lane}
        if len(self._lanes) == 1:
            return list(self._lanes)

        def turn(name: tuple[int, str]) -> tuple[int, float, int]:
            priority, owner = name
            return -priority, self._accounts.get(owner, 0.0), self._lanes[name][0].turn

        return sorted(self._lanes, key=turn)

    def _charge(self, owner: str, seconds: float) -> None:
        self._accounts[owner] = self._accounts.get(owner, 0.0) + seconds
