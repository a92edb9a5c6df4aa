"""A job on its way through one model."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from ..contract.events import Delta
from ..contract.receipt import Receipt
from ..contract.requests import Request
from ..contract.runner import Item
from .job import Job


@dataclass(slots=True, eq=False)
class Ticket:
    """A job on its way through one model.

    Attributes:
        request: resolved. inputs: what the runner's ``preprocess`` made of it. key: it runs with equal keys.
        rungs: rungs of the out-of-memory ladder taken on its behalf.
        parts: receipts of what other jobs made for it.
        turn, came: its place among all that came, and when (monotonic).
        charged: seconds that its owner was charged with when it was taken, before anybody knew.
        streamed: characters or bytes of deltas given out so far. seen: of them, what this attempt has made again.
    """

    job: Job
    request: Request
    inputs: Any = None
    key: Hashable = None
    rungs: list[str] = field(default_factory=list)
    parts: list[Receipt] = field(default_factory=list)
    turn: int = 0
    came: float = 0.0
    charged: float = 0.0
    streamed: int = 0
    seen: int = 0
    started: float = 0.0

    def item(self, index: int) -> Item:
        seed = self.request.seed
        assert seed is not None
        return Item(index, self.request, self.inputs, seed)

    def fresh(self, event: Delta) -> Delta | None:
        """What of a delta was not given out before; None if all of it was.

        A second attempt after a failure starts over with the same seed: it makes the same again.
        """
        repeated = max(0, self.streamed - self.seen)
        size = len(event.text) + len(event.audio)
        self.seen += size
        if repeated >= size:
            return None
        self.streamed = self.seen
        return replace(event, text=event.text[repeated:], audio=event.audio[repeated:])
