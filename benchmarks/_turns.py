"""Times contenders in turns, so that a busy moment of the machine hits all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def measured(
    rounds: int, *, clock: Callable[[], float] = time.process_time, **contenders: Callable[[], Any]
) -> dict[str, float]:
    """Median seconds of each, by ``clock`` (CPU time unless told otherwise), after one run to warm up."""
    for run in contenders.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began = clock()
            run()
            times[name].append(clock() - began)
    return {name: statistics.median(found) for name, found in times.items()}
