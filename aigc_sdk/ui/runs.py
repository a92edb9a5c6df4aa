"""A run: what one press of a button makes, and what can be shown of it while it goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, Cancelled
from ..contract.events import Completed, Delta, Event, Failed, Preview, Progress, Started
from ..contract.requests import Request
from ..engine.job import AsyncJob, Job
from .shelf import Kept

_PAUSE_S = 0.06
"""What comes within it is shown together: the browser draws no faster."""
_TICK_S = 0.5
"""So often the clock is shown, if nothing else happens."""


@dataclass
class Item:
    """One job of a run."""

    request: Request
    started: bool = False
    text: str = ""
    step: int = 0
    of: int | None = None
    what: str = ""
    preview: Artifact | None = None
    artifact: Artifact | None = None
    kept: Kept | None = None
    error: AigcError | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing more to come."""
        return self.kept is not None or self.error is not None

    def take(self, event: Event) -> None:
        """Learns what happened."""
        match event:
            case Started():
                self.started = True
            case Progress(step=step, of=of, what=what):
                self.step, self.of, self.what = step, of, what
            case Delta(text=text):
                self.text += text
            case Preview(artifact=artifact):
                self.preview = artifact
            case Completed(artifact=artifact):
                self.artifact = artifact
            case Failed(error=error):
                self.error = error


@dataclass
class Run:
    """What one press of a button makes. ``error``: why it could not even begin."""

    items: list[Item] = field(default_factory=list)
    error: AigcError | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> bool:
        """Whether there is nothing more to come."""
        return self.error is not None or (bool(self.items) and all(item.done for item in self.items))

    @property
    def seconds(self) -> float:
        """Since the button was pressed."""
        return time.monotonic() - self.began

    @property
    def kept(self) -> list[Kept]:
        """What was made so far."""
        return [item.kept for item in self.items if item.kept is not None]

    @property
    def first_error(self) -> AigcError | None:
        """Why it, or one of its jobs, failed; being cancelled comes last."""
        errors = [item.error for item in self.items if item.error is not None]
        real = [error for error in errors if not isinstance(error, Cancelled)]
        return self.error or next(iter([*real, *errors]), None)


async def changes(jobs: Sequence[Job]) -> AsyncGenerator[list[tuple[int, Event]], None]:
    """The events of some jobs, with each job's number, a handful at a time; empty ones in between, for the clock."""
    fresh: list[tuple[int, Event]] = []
    wake = asyncio.Event()

    async def listen(number: int, job: Job) -> None:
        async for event in AsyncJob(job).events():
            fresh.append((number, event))
            wake.set()

    tasks = [asyncio.create_task(listen(number, job)) for number, job in enumerate(jobs)]
    ended = 0
    try:
        while ended < len(jobs):
            try:
                await asyncio.wait_for(wake.wait(), _TICK_S)
                await asyncio.sleep(_PAUSE_S)
            except TimeoutError:
                pass
            wake.clear()
            events, fresh[:] = list(fresh), []
            ended += sum(isinstance(event, (Completed, Failed)) for _, event in events)
            yield events
    finally:
        for task in tasks:
            task.cancel()
