"""Writes the ledger, in order, in a thread of its own: opening a database does not delay the first job."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..contract.errors import AigcError, MissingExtra
from ..contract.receipt import Energy, Receipt
from ..contract.requests import Request

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..ledger.energy import EnergyMeter

log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
"""Writes that wait for a ledger that does not answer; further ones are lost."""
_LOOK_S = 0.1
"""How often whoever waits for a write looks whether the ledger fails."""


class Recorder:
    """The engine's side of the ledger.

    Content is worth more than its record: a ledger that fails is one warning, never a lost artifact. While it fails
    nobody waits for it; what is to be written waits, up to a bound, until it works again.

    Args:
        ledger: None records nothing.
        energy: measure what jobs use (codecarbon).
    """

    def __init__(self, ledger: Ledger | None, energy: bool = False) -> None:
        self._ledger = ledger
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aigc-ledger")
        self._warned = False
        self._trouble = self._closing = False
        self._room = threading.BoundedSemaphore(_MOST_WAITING)
        self._meter = self._energy_meter() if energy else None

    @property
    def active(self) -> bool:
        """Something is recorded or measured."""
        return self._ledger is not None or self._meter is not None

    @property
    def ledger(self) -> Ledger | None:
        """The ledger, with everything written that was recorded so far."""
        if self._ledger is not None:
            self._wait(self._write(lambda ledger: None))
        return self._ledger

    def queued(self, job: str, request: Request, model: str, plugin: str) -> None:
        self._write(lambda ledger: ledger.record_queued(job, request, model, plugin))

    def started(self, job: str) -> None:
        self._write(lambda ledger: ledger.record_running(job))
        if self._meter is not None:
            self._meter.begin(job)

    def energy(self, job: str) -> Energy | None:
        """What the job used since it started, if that is measured. Ask once, when it has run."""
        return self._meter.end(job) if self._meter is not None else None

    def finished(self, receipt: Receipt) -> None:
        """Returns when the receipt is written: whoever sees the artifact can rely on its record, unless it fails."""
        self._wait(self._write(lambda ledger: ledger.record_finished(receipt)))

    def failed(self, job: str, error: AigcError, timings: dict[str, float]) -> None:
        self.energy(job)
        self._write(lambda ledger: ledger.record_failed(job, error, timings))

    def close(self) -> None:
        """Writes what is left, unless the ledger fails, and closes it."""
        self._closing = True
        self._writer.shutdown(wait=True)
        if self._ledger is not None:
            self._ledger.close()

    def _write(self, write: Callable[[Ledger], None]) -> Future[None]:
        if self._ledger is None or not self._room.acquire(blocking=False):
            done: Future[None] = Future()
            done.set_result(None)
            return done
        return self._writer.submit(self._guarded, write, self._ledger)

    def _wait(self, written: Future[None]) -> None:
        while not self._trouble:
            with contextlib.suppress(TimeoutError):
                return written.result(timeout=_LOOK_S)

    def _guarded(self, write: Callable[[Ledger], None], ledger: Ledger) -> None:
        try:
            if not (self._trouble and self._closing):
                write(ledger)
                self._trouble = False
        except Exception as error:  # noqa: BLE001 - any trouble with a database
            self._trouble = True
            if not self._warned:
                log.warning("jobs are not being recorded: %s", error)
            self._warned = True
        finally:
            self._room.release()

    @staticmethod
    def _energy_meter() -> EnergyMeter | None:
        from ..ledger.energy import EnergyMeter

        try:
            return EnergyMeter()
        except MissingExtra as error:
            log.warning("energy is not measured: %s", error)
            return None
