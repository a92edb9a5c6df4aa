"""Energy per job, by codecarbon. Off unless configured: the first measurement takes about two seconds to set up.

What is measured, and how well, depends on the machine, so the method is recorded: ``rapl`` (the CPU's own counters, of
the whole machine), ``estimate`` (the CPU's rated power by this process' load), and ``+nvml`` where GPUs are counted.
Memory is always an estimate by its size.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from ..contract.errors import MissingExtra
from ..contract.receipt import Energy

log = logging.getLogger(__name__)

_JOULES_PER_KWH = 3.6e6
_GRAIN_S = 0.05
"""Jobs that begin or end within this time do so at once: each reading takes some milliseconds."""


class EnergyMeter:
    """Measures what jobs use while they run. Jobs that run at the same time share equally.

    Args:
        country: ISO 3166 alpha-3 code; codecarbon wants one, though energy does not depend on it.

    Raises:
        MissingExtra: codecarbon is not installed.
    """

    def __init__(self, country: str = "USA") -> None:
        try:
            from codecarbon import OfflineEmissionsTracker
            from codecarbon.external.logger import set_logger_level
        except ModuleNotFoundError as error:
            raise MissingExtra("energy", [str(error.name)]) from None
        set_logger_level("error")
        self._lock = threading.Lock()
        self._shares: dict[str, float] = {}
        self._read_at: float | None = None
        self._broken = False
        self._tracker: Any = OfflineEmissionsTracker(
            country_iso_code=country,
            tracking_mode="process",
            # The user's own settings of codecarbon may ask for these; here nothing is written, and nothing goes online.
            save_to_file=False,
            save_to_api=False,
            electricitymaps_api_token="",
            allow_multiple_runs=True,
            log_level="error",
        )

    def begin(self, job: str) -> None:
        """A job begins to run. The first call takes about two seconds."""
        with self._lock:
            self._share_out()
            self._shares[job] = 0.0
            if self._read_at is None:
                self._start()

    def end(self, job: str) -> Energy | None:
        """A job has ended. Returns what it used; None if it was not begun, or if it cannot be measured."""
        with self._lock:
            if job not in self._shares:
                return None
            self._share_out(at_once=len(self._shares) == 1)
            joules = self._shares.pop(job)
            return None if self._broken else Energy(joules=joules, method=self._method())

    # --- readings, under the lock ---------------------------------------------------------------------------------

    def _start(self) -> None:
        try:
            self._tracker.start_task()
            self._read_at = time.monotonic()
        except Exception:  # noqa: BLE001 - content is worth more than its energy
            self._give_up()

    def _share_out(self, at_once: bool = False) -> None:
        """Reads what was used since the last reading, gives each running job its share, and goes on."""
        if self._read_at is None or (not at_once and time.monotonic() - self._read_at < _GRAIN_S):
            return
        self._read_at = None
        try:
            used = self._tracker.stop_task()
            self._tracker._tasks.clear()  # it keeps every task it ever had, which a server cannot afford
            joules = max(0.0, float(used.energy_consumed) * _JOULES_PER_KWH)
        except Exception:  # noqa: BLE001 - content is worth more than its energy
            return self._give_up()
        for job in self._shares:
            self._shares[job] += joules / len(self._shares)
        if not at_once:
            self._start()

    def _give_up(self) -> None:
        if not self._broken:
            log.warning("energy is no longer measured", exc_info=True)
        self._broken = True

    def _method(self) -> str:
        modes = {type(part).__name__: getattr(part, "_mode", "") for part in self._tracker._hardware}
        cpu = {"intel_rapl": "rapl", "intel_power_gadget": "powergadget", "windows_emi": "emi"}
        method = cpu.get(modes.get("CPU", ""), "powermetrics" if "AppleSiliconChip" in modes else "estimate")
        return f"{method}+nvml" if "GPU" in modes else method
