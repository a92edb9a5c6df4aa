"""The queue's calls, which block, off the event loop; and what clients are told while its database is gone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ..contract.errors import AigcError, MissingExtra, StoreError
from .refused import Refused

if TYPE_CHECKING:
    from ..ledger.job_queue import JobQueue

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
_ASK_AGAIN_S = 1.0


class QueueCalls:
    """One thread writes, another one reads: while the database is locked by others, what is there can still be seen.

    Attributes:
        trouble: why the last call could not be made; None if it could.
    """

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self.trouble: AigcError | None = None
        self._failed = {"write": 0.0, "read": 0.0}
        self._threads = {kind: ThreadPoolExecutor(1, thread_name_prefix=f"aigc-jobs-{kind}") for kind in self._failed}

    async def write(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls a method that writes. Raises AigcError."""
        return await self._called("write", call, *args, **kwargs)

    async def read(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls a method that reads. Raises AigcError."""
        return await self._called("read", call, *args, **kwargs)

    async def write_for_client(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """As :meth:`write`. Raises Refused (503) if the database is gone, without waiting for it anew each time."""
        return await self._for_client("write", call, *args, **kwargs)

    async def read_for_client(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """As :meth:`read`. Raises Refused (503) if the database is gone, without waiting for it anew each time."""
        return await self._for_client("read", call, *args, **kwargs)

    async def _for_client(self, kind: str, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        if time.monotonic() - self._failed[kind] < _ASK_AGAIN_S:
            raise _unavailable()
        try:
            return await self._called(kind, call, *args, **kwargs)
        except (StoreError, MissingExtra):
            raise _unavailable() from None

    async def _called(self, kind: str, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads[kind], lambda: call(*args, **kwargs))
        except (StoreError, MissingExtra) as error:
            self._note(kind, error)
            raise
        self._failed[kind] = 0.0
        if not any(self._failed.values()):
            self.trouble = None
        return found

    def _note(self, kind: str, error: AigcError) -> None:
        if self.trouble is None:
            log.warning("the queue of jobs cannot be used: %s", error)
        self.trouble = error
        self._failed[kind] = time.monotonic()

    def close(self) -> None:
        """Returns when the call under way is done; what waits behind it is given up."""
        for thread in self._threads.values():
            thread.shutdown(wait=True, cancel_futures=True)


def _unavailable() -> Refused:
    what = "jobs cannot be taken or shown at the moment: their database cannot be used"
    return Refused(503, "server_error", what, code="jobs_unavailable", fix="try again later", retry_after_s=5)
