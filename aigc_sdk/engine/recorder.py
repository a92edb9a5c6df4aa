"""Writes the ledger, in order, in a thread of its own: opening a database does not delay the first job."""

from __future__ import annotations

import logging
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


class Recorder:
    """The engine's side of the ledger.

    Content is worth more than its record: a ledger that fails is one warning, never a lost artifact.

    Args:
        ledger: None records nothing.
        energy: measure what jobs use (codecarbon).
    """

    def __init__(self, ledger: Ledger | None, energy: bool = False) -> None:
        self._ledger = ledger
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aigc-ledger")
        self._warned = False
        self._meter = self._energy_meter() if energy else None

    @property
    def active(self) -> bool:
        """Something is recorded or measured."""
        return self._ledger is not None or self._meter is not None

    @property
    def ledger(self) -> Ledger | None:
        """The ledger, with everything written that was recorded so far."""
        if self._ledger is not None:
            self._write(lambda ledger: None).result()
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
        """Returns when the receipt is written: whoever sees the artifact can rely on its record."""
        self._write(lambda ledger: ledger.record_finished(receipt)).result()

    def failed(self, job: str, error: AigcError, timings: dict[str, float]) -> None:
        self.energy(job)
        self._write(lambda ledger: ledger.record_failed(job, error, timings))

    def close(self) -> None:
        """Writes what is left and closes the ledger."""
        self._writer.shutdown(wait=True)
        if self._ledger is not None:
            self._ledger.close()

    def _write(self, write: Callable[[Ledger], None]) -> Future[None]:
        if self._ledger is None:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        return self._writer.submit(self._guarded, write, self._ledger)

    def _guarded(self, write: Callable[[Ledger], None], ledger: Ledger) -> None:
        try:
            write(ledger)
        except Exception as error:  # noqa: BLE001 - any trouble with a database
            if not self._warned:
                log.warning("jobs are not being recorded: %s", error)
            self._warned = True

    @staticmethod
    def _energy_meter() -> EnergyMeter | None:
        from ..ledger.energy import EnergyMeter

        try:
            return EnergyMeter()
        except MissingExtra as error:
            log.warning("energy is not measured: %s", error)
            return None
