"""Writes the ledger, in order, in a thread of its own: opening a database does not delay the first job."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
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
_GATHER_S = 0.05
"""How long what nobody waits for may wait for more to be written with it."""
_MOST_TOGETHER = 100
"""Writes in one transaction: others want to write in between."""


@dataclass(slots=True, eq=False)
class _Write:
    """Something to be written about a job. ``begins``: only that it runs. ``ends``: how it ended."""

    write: Callable[[Ledger], None]
    job: str = ""
    begins: bool = False
    ends: bool = False
    written: Future[None] = field(default_factory=Future)


class Recorder:
    """The engine's side of the ledger.

    What is to be written at the same time is written in one transaction: a short job's beginning waits for its end.

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
        self._due: deque[_Write] = deque()
        self._at_work = False
        self._lock = threading.Lock()
        self._now = threading.Event()
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
            self._wait(_Write(lambda ledger: None))
        return self._ledger

    def queued(self, job: str, request: Request, model: str, plugin: str) -> None:
        self._write(_Write(lambda ledger: ledger.record_queued(job, request, model, plugin), job))

    def started(self, job: str) -> None:
        self._write(_Write(lambda ledger: ledger.record_running(job), job, begins=True))
        if self._meter is not None:
            self._meter.begin(job)

    def energy(self, job: str) -> Energy | None:
        """What the job used since it started, if that is measured. Ask once, when it has run."""
        return self._meter.end(job) if self._meter is not None else None

    def finished(self, receipt: Receipt) -> None:
        """Returns when the receipt is written: whoever sees the artifact can rely on its record, unless it fails."""
        self._wait(_Write(lambda ledger: ledger.record_finished(receipt), receipt.job, ends=True))

    def failed(self, job: str, error: AigcError, timings: dict[str, float]) -> None:
        self.energy(job)
        self._write(_Write(lambda ledger: ledger.record_failed(job, error, timings), job, ends=True))

    def close(self) -> None:
        """Writes what is left, unless the ledger fails, and closes it."""
        self._closing = True
        self._now.set()
        self._writer.shutdown(wait=True)
        if self._ledger is not None:
            self._ledger.close()

    def _write(self, write: _Write, *, now: bool = False) -> None:
        """Has something written soon, or now."""
        if self._ledger is None or not self._room.acquire(blocking=False):
            write.written.set_result(None)
            return
        with self._lock:
            self._due.append(write)
            if now:
                self._now.set()
            begins, self._at_work = not self._at_work, True
        if begins:
            self._writer.submit(self._work, self._ledger)

    def _wait(self, write: _Write) -> None:
        """Has something written now, and returns when it is, or as soon as the ledger fails."""
        self._write(write, now=True)
        while not self._trouble:
            with contextlib.suppress(TimeoutError):
                return write.written.result(timeout=_LOOK_S)

    def _work(self, ledger: Ledger) -> None:
        """Writes until nothing is due."""
        self._now.wait(_GATHER_S)
        while writes := self._taken():
            ended = {write.job for write in writes if write.ends}
            wanted = [write for write in writes if not (write.begins and write.job in ended)]
            if not (self._trouble and self._closing) and not self._all_written(ledger, wanted):
                for write in wanted:  # whatever is wrong with one of them is not the others' fault
                    self._write_alone(ledger, write)
            for write in writes:
                self._room.release()
                write.written.set_result(None)

    def _taken(self) -> list[_Write]:
        """What is due now; if nothing is, the next write begins the work anew."""
        with self._lock:
            taken = [self._due.popleft() for _ in range(min(len(self._due), _MOST_TOGETHER))]
            self._at_work = bool(taken)
            if not taken:
                self._now.clear()
            return taken

    def _all_written(self, ledger: Ledger, writes: list[_Write]) -> bool:
        """Writes all in one transaction; returns False, with nothing written, if that fails."""
        if len(writes) == 1:
            return False
        try:
            with ledger.together():
                for write in writes:
                    write.write(ledger)
        except Exception:  # noqa: BLE001 - any trouble with a database; each alone will say what it is
            return False
        self._trouble = False
        return True

    def _write_alone(self, ledger: Ledger, write: _Write) -> None:
        if self._trouble and self._closing:
            return
        try:
            write.write(ledger)
            self._trouble = False
        except Exception as error:  # noqa: BLE001 - any trouble with a database
            self._trouble = True
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
