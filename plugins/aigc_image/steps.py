"""Reports the tiles of an item, and ends the work once the item is cancelled."""

from __future__ import annotations

from dataclasses import dataclass

from aigc_sdk.contract.runner import RunContext

from .calling import Stopped


@dataclass(frozen=True, slots=True)
class Steps:
    """To be called after each tile. Raises Stopped once the item is cancelled."""

    index: int
    context: RunContext

    def __call__(self, done: int, of: int) -> None:
        if self.context.cancelled(self.index):
            raise Stopped
        self.context.progress(self.index, done, of, "upscaling")
