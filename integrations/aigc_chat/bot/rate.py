"""How often a person may ask: a token bucket each."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    told: bool = False


class Rate:
    """Lets a person ask ``burst`` times at once, and ``per_minute`` times a minute in the long run."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, person: str) -> int:
        """Takes one token. Returns 0 if there was one, else the whole seconds until there is."""
        now = self._clock()
        bucket = self._buckets.setdefault(person, _Bucket(self._burst, now))
        self._buckets.move_to_end(person)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            bucket.told = False
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / self._per_second))

    def tell(self, person: str) -> bool:
        """True the first time that a person has to wait; not again until they were let through."""
        bucket = self._buckets[person]
        first, bucket.told = not bucket.told, True
        return first
