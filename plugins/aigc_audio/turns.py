"""Runs several long items side by side: a step of each in turn, so that a short one never waits for a long one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from aigc_sdk.contract.events import Event, Progress
from aigc_sdk.contract.runner import Item, RunContext

Steps = Generator[Event, None, None]
"""An item's events; a step ends with a ``Progress``."""


def in_turns(
    items: Sequence[Item], context: RunContext, begin: Callable[[Item], Steps]
) -> Generator[tuple[int, Event], None, None]:
    """The events of all items, and of those that join while they run. Whatever happens, every item is closed."""
    live = {item.index: begin(item) for item in items}
    try:
        while live:
            for index, steps in list(live.items()):
                for event in steps:
                    yield index, event
                    if isinstance(event, Progress):
                        break
                else:
                    del live[index]
            for item in context.admit(max(0, context.plan.max_batch - len(live))):
                live[item.index] = begin(item)
    finally:
        for steps in live.values():
            steps.close()
