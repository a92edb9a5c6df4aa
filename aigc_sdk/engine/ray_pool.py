"""The jobs of one kind of replicas: sent in fair order, so many at a time as these could ever hold."""

from __future__ import annotations

import asyncio
import time

from ..contract.errors import AigcError, BrokenPlugin, first_line
from ..contract.plan import Plan
from ..contract.requests import Request
from ..registry import Entry
from .fair_queue import FairQueue
from .ray_cluster import Place, RayCluster
from .ray_job import RemoteJob
from .ray_wire import Sent, unpack_plan


class RayPool:
    """What waits for replicas of one place, and what they run.

    Args:
        loop: runs in a thread of its own; all but :meth:`submit` and :attr:`pace_s` belongs to it.
        most: jobs sent at a time. Ray sees them, and adds replicas while they are more than these can hold.
    """

    def __init__(self, cluster: RayCluster, place: Place, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._cluster = cluster
        self._place = place
        self._loop = loop
        self._most = most
        self._waiting = FairQueue()
        self._remote: dict[int, RemoteJob] = {}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def pace_s(self) -> float:
        """Seconds from the end of one job to that of the next, by a guess."""
        return self._waiting.mean_s / max(1, len(self._running))

    def submit(self, remote: RemoteJob) -> None:
        """Queues a job. From any thread."""
        self._loop.call_soon_threadsafe(self._put, remote)

    async def plan(self, entry: Entry, request: Request) -> Plan:
        """How a replica would run a request."""
        handle = await asyncio.to_thread(self._cluster.handle, self._place)
        blob = Sent.of(request, entry, seed=None).packed()
        answer = await handle.options(multiplexed_model_id=entry.card.id).plan.remote(blob)
        return unpack_plan(answer, entry.plugin.name)

    async def end(self) -> None:
        """Waits until nothing runs; its jobs have ended before."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def _unavailable(self, error: Exception, plugin: str) -> AigcError:
        trouble = await asyncio.to_thread(self._cluster.trouble, self._place)
        fix = "ray status; the same packages on every node"
        return BrokenPlugin(f"no replica can be had: {trouble or first_line(error)}", plugin=plugin, fix=fix)

    def _put(self, remote: RemoteJob) -> None:
        remote.ticket.inputs = remote
        self._waiting.put(remote.ticket)
        self._pump()

    def _pump(self) -> None:
        while len(self._running) < self._most and (taken := self._waiting.take(None, 1)):
            task = self._loop.create_task(self._run(taken[0].inputs))
            self._running.add(task)
            task.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._pump()

    async def _run(self, remote: RemoteJob) -> None:
        began = time.monotonic()
        try:
            handle = await asyncio.to_thread(self._cluster.handle, self._place)
            await remote.run(handle)
        except AigcError as error:
            remote.fail(error)
        except Exception as error:  # noqa: BLE001 - whatever this is, nobody shall wait for ever
            remote.fail(await self._unavailable(error, remote.plugin))
        finally:
            remote.ticket.inputs = None
            self._waiting.ran(remote.ticket, time.monotonic() - began)
