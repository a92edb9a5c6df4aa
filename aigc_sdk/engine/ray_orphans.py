"""Jobs on a node whose driver has died. Ray goes on with them; nobody would hear of the result."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

from ..contract.errors import Cancelled
from .job import Job

log = logging.getLogger(__name__)

_LOOK_S = 5.0


class Orphans:
    """Stops the jobs of dead drivers, within some seconds. Belongs to one event loop."""

    def __init__(self) -> None:
        self._jobs: dict[Job, str] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def watching(self, job: Job, driver: str) -> AsyncGenerator[None, None]:
        """Watches over a job until the block ends."""
        self._jobs[job] = driver
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            del self._jobs[job]

    async def _look(self) -> None:
        while self._jobs:
            await asyncio.sleep(_LOOK_S)
            try:
                gone = await asyncio.to_thread(_dead_drivers)
            except Exception as error:  # noqa: BLE001 - not documented by Ray; without it, orphans end by themselves
                log.warning("drivers that have died are not noticed: %s", error)
                return
            for job, driver in list(self._jobs.items()):
                if driver in gone:
                    job.stop(Cancelled("its driver has died"))


def _dead_drivers() -> frozenset[str]:
    from ray._private.state import jobs

    return frozenset(job["JobID"] for job in jobs() if job["IsDead"])
