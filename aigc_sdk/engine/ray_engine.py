"""The engine of a driver: the same jobs, run by replicas on the nodes of a Ray cluster.

Everything around a job stays here: which model it is for, its seed, the hooks, the ledger, its deadline. A replica
makes the artifact and its receipt. A job whose replica is lost is sent again; whoever watches it sees one job.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING

from ..accelerators.candidates import wanted
from ..contract.errors import AigcError, BrokenPlugin, InvalidRequest
from ..contract.events import Event, Failed
from ..contract.plan import Plan
from ..contract.requests import Request
from ..registry import Entry, Registry
from ..settings import Settings
from .engine import Engine, Held
from .ray_cluster import Place, RayCluster
from .ray_job import Around, RemoteJob
from .ray_pool import RayPool
from .ticket import Ticket

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..store import Store
    from .job import Job

_PLAN_S = 300.0
"""Longest that a node may take to say how it would run a request; it may have to start first."""

_CLOSE_S = 10.0
"""Longest that closing waits until the cluster was told."""


class RayEngine(Engine):
    """Runs requests on a cluster. See :class:`Engine`.

    Raises:
        MissingExtra: Ray is not installed. InvalidRequest: there is none at the address.
    """

    def __init__(self, settings: Settings, registry: Registry, store: Store, ledger: Ledger | None) -> None:
        self._cluster = RayCluster(settings)
        # Energy is measured where it is used.
        here = settings.ledger.model_copy(update={"energy": False})
        super().__init__(settings.model_copy(update={"ledger": here}), registry, store, ledger)
        self._most = settings.engine.ray.max_replicas * settings.engine.ray.jobs_per_replica
        self._jobs: dict[Job, str] = {}
        self._devices: dict[str, str] = {}
        self._lock = threading.Lock()
        self._pools: dict[Place, RayPool] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aigc-ray", daemon=True)
        self._thread.start()

    # --- looking -------------------------------------------------------------------------------------------------

    def plan(self, request: Request, *, device: str | None = None, fresh: bool = False) -> tuple[Entry, Plan]:
        """The model, and how a node would run it.

        Raises:
            InvalidRequest: a device was named. BrokenPlugin: no node says within some minutes.
        """
        if device is not None:
            what = "a device cannot be asked for on a cluster"
            raise InvalidRequest(what, fix="the setting engine.device is for all nodes")
        entry = self.entry(request)
        asked = self._pool(self._cluster.place(entry, request.runner)).plan(entry, request)
        try:
            return entry, asyncio.run_coroutine_threadsafe(asyncio.wait_for(asked, _PLAN_S), self._loop).result()
        except TimeoutError:
            raise BrokenPlugin("no node answers", plugin=entry.plugin.name, fix="ray status") from None

    def held(self) -> list[Held]:
        """The models that have run; on which nodes they still are is Ray's to say."""
        with self._lock:
            models = list(self._jobs.values())
            return [Held(model, device, True, models.count(model)) for model, device in sorted(self._devices.items())]

    def backlog(self) -> tuple[int, float]:
        with self._lock:
            return len(self._jobs), len(self._jobs) * max((pool.pace_s for pool in self._pools.values()), default=0.0)

    # --- running -------------------------------------------------------------------------------------------------

    def _ready(self, request: Request) -> Entry:
        entry = self.entry(request)  # which device it runs on, a node says
        wanted(entry.card, entry.manifest, request.runner)
        return entry

    def _start(self, entry: Entry, ticket: Ticket) -> None:
        job = ticket.job
        with self._lock:
            self._jobs[job] = entry.card.id
        job.on_end(functools.partial(self._forget, job))
        try:
            remote = RemoteJob(ticket, entry, self._cluster.driver(), Around(self._began, self._complete, self._failed))
            self._pool(self._cluster.place(entry, job.request.runner)).submit(remote)
        except AigcError as error:  # a file that goes in cannot be read
            job.stop(error)

    def _forget(self, job: Job, last: Event) -> None:
        with self._lock:
            self._jobs.pop(job, None)

    def _began(self, job: Job, model: str, plan: Plan) -> None:
        with self._lock:
            self._devices[model] = plan.device
        self.recorder.started(job.id)

    def _failed(self, job: Job, event: Failed) -> None:
        """Not in the loop's thread: hooks follow, and they may take their time."""
        with contextlib.suppress(RuntimeError):  # closed meanwhile, and so is the job
            self._finishers.submit(job.emit, event)

    def _pool(self, place: Place) -> RayPool:
        with self._lock:
            if place not in self._pools:
                self._pools[place] = RayPool(self._cluster, place, self._loop, self._most)
            return self._pools[place]

    def close(self) -> None:
        """Ends the jobs that still wait or run, leaves the cluster and closes the ledger."""
        with self._lock:
            left = list(self._jobs)
        for job in left:
            job.stop(BrokenPlugin(f"model {job.models[-1]} was unloaded"))
        ended = [asyncio.run_coroutine_threadsafe(pool.end(), self._loop) for pool in self._pools.values()]
        wait(ended, timeout=_CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._cluster.close()
        super().close()
