"""All models in memory: made when first needed, evicted least recently used first, never while they have work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

from ..accelerators import bytes_free
from ..contract.errors import Cancelled, DeadlineExceeded, OutOfMemory
from ..contract.events import Event, Failed
from ..settings import EngineSettings
from .resident import Resident
from .ticket import Ticket


class Residents:
    """The pool of resident models."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._pinned = set(settings.pinned)
        self._by_key: dict[Hashable, Resident] = {}
        self._loaded_before: set[tuple[str, str]] = set()
        self._changed = threading.Condition(threading.RLock())
        self._making = threading.RLock()

    def submit(self, key: Hashable, make: Callable[[], Resident], ticket: Ticket) -> None:
        """Hands the ticket to the resident model of that key, which is made if there is none."""
        resident = self._handed(key, ticket)
        if resident is None:
            # Making one may fetch its files: those who want another, or only look, do not wait for that.
            with self._making:
                resident = self._handed(key, ticket)
                if resident is None:
                    made = make()
                    made.again = lambda ticket: self.submit(key, make, ticket)
                    with self._changed:
                        self._by_key[key] = made
                        resident = self._handed(key, ticket)
                        assert resident is made
        ticket.job.on_end(lambda last: self._done(resident, ticket, last))

    def holds(self, key: Hashable) -> bool:
        """Whether there is a resident of that key."""
        return key in self._by_key

    def _handed(self, key: Hashable, ticket: Ticket) -> Resident | None:
        """The resident of that key, which has the ticket now."""
        with self._changed:
            if (resident := self._by_key.get(key)) is not None:
                resident.pending += 1
                resident.last_used = time.monotonic()
                resident.submit(ticket)
            return resident

    def _done(self, resident: Resident, ticket: Ticket, last: Event) -> None:
        with self._changed:
            resident.pending -= 1
            self._changed.notify_all()
        if ticket.started and isinstance(last, Failed) and isinstance(last.error, (Cancelled, DeadlineExceeded)):
            resident.watch(self._settings.hang_grace_s)

    def pin(self, model: str, on: bool = True) -> None:
        """Keeps a model in memory for good, or lets it go again."""
        with self._changed:
            (self._pinned.add if on else self._pinned.discard)(model)

    def first_load(self, resident: Resident) -> bool:
        """True the first time that this plugin's runner loads a model in this process."""
        with self._changed:
            runner = (resident.plugin, resident.plan.runner)
            first = runner not in self._loaded_before
            self._loaded_before.add(runner)
            return first

    def loaded(self) -> list[Resident]:
        """The resident models, least recently used first."""
        with self._changed:
            return sorted(self._by_key.values(), key=lambda r: r.last_used)

    def backlog(self) -> tuple[int, float]:
        """Jobs accepted and not yet done, and in how many seconds they will be, by a guess."""
        with self._changed:
            residents = self._by_key.values()
            return sum(r.pending for r in residents), max((r.backlog_s for r in residents), default=0.0)

    def make_room(self, newcomer: Resident) -> None:
        """Evicts idle models until the newcomer fits; waits while all others have work.

        Raises:
            OutOfMemory: only pinned models are left to evict.
        """
        while True:
            with self._changed:
                others = [r for r in self.loaded() if r is not newcomer and r.runner is not None and not r.asking]
                if not others or self._fits(newcomer, others):
                    return
                victim = self._take_idle(others)
                if victim is None:
                    if all(r.card.id in self._pinned for r in others):
                        raise self._all_pinned(newcomer)
                    self._changed.wait(timeout=1.0)
                    continue
            victim.close()

    def _fits(self, newcomer: Resident, others: list[Resident]) -> bool:
        if len(others) >= self._settings.max_resident:
            return False
        beside = sum(r.plan.bytes_needed for r in others if r.plan.device == newcomer.plan.device)
        # What the others hold is no longer free, so it is added back to what their share is taken of.
        budget = self._settings.memory_fraction * (bytes_free(newcomer.plan.device) + beside)
        return beside + newcomer.plan.bytes_needed <= budget

    def _take_idle(self, among: list[Resident]) -> Resident | None:
        """The least recently used idle, unpinned model, taken out of the pool; its caller closes it."""
        for resident in among:
            if resident.pending == 0 and resident.card.id not in self._pinned:
                self.discard(resident)
                return resident
        return None

    def _all_pinned(self, newcomer: Resident) -> OutOfMemory:
        names = ", ".join(sorted(self._pinned))
        return OutOfMemory(f"no room for {newcomer.card.id}: only pinned models are loaded ({names})", fix="unpin one")

    def evict_idle(self, besides: Resident | None = None) -> int:
        """Unloads every idle, unpinned model. Returns how many."""
        count = 0
        while True:
            with self._changed:
                victim = self._take_idle([r for r in self.loaded() if r is not besides])
            if victim is None:
                return count
            victim.close()
            count += 1

    def unload(self, model: str) -> int:
        """Unloads a model by id; its jobs still waiting fail. Returns how many residents were closed."""
        with self._changed:
            victims = [r for r in self.loaded() if r.card.id == model]
            for resident in victims:
                self.discard(resident)
        for resident in victims:
            resident.close()
        return len(victims)

    def discard(self, resident: Resident) -> None:
        """Takes a model out of the pool, without closing it."""
        with self._changed:
            self._by_key = {k: r for k, r in self._by_key.items() if r is not resident}
            self._changed.notify_all()

    def close(self) -> None:
        """Unloads everything."""
        with self._changed:
            residents, self._by_key = list(self._by_key.values()), {}
        for resident in residents:
            resident.close()
