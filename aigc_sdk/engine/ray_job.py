"""One job on the cluster: sent to a replica, followed, and sent again if that is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..contract.errors import AigcError, BrokenPlugin, Cancelled, first_line
from ..contract.events import Completed, Delta, Event, Failed, Started
from ..contract.plan import Plan
from ..contract.receipt import Receipt
from ..registry import Entry
from .batch import as_error
from .job import Job
from .ray_wire import Incoming, Sent
from .ticket import Ticket

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

log = logging.getLogger(__name__)

MOST_DEATHS = 3
"""A job that was running on so many nodes when they died is not sent again: it may be what kills them."""
_PAUSE_S = 0.2


class Lost(Exception):
    """The replica did not finish the job, through no fault that it told of."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the engine does around a job: when a node has begun, has made something, has failed."""

    began: Callable[[Job, str, Plan], None]
    made: Callable[[Job, str, Completed, Callable[[], Receipt]], None]
    failed: Callable[[Job, Failed], None]


class RemoteJob:
    """A job on its way through the cluster."""

    def __init__(self, ticket: Ticket, entry: Entry, driver: str, around: Around) -> None:
        self.ticket = ticket
        self.model = entry.card.id
        self.plugin = entry.plugin.name
        self._around = around
        job, asked = ticket.job, {"driver": driver, "owner": ticket.job.owner, "priority": ticket.job.priority}
        self._blob = Sent.of(job.request, entry, seed=ticket.request.seed, **asked).packed()
        self._died: list[str] = []
        self._node = ""
        self._over = False

    def fail(self, error: AigcError) -> None:
        """Ends the job with an error."""
        self._around.failed(self.ticket.job, Failed(error))

    async def run(self, handle: DeploymentHandle) -> None:
        """Until the job has ended. The loop's thread runs it, and all of what follows.

        Raises:
            DeploymentUnavailableError: no replica can be started.
        """
        job, loop = self.ticket.job, asyncio.get_running_loop()
        this: asyncio.Task[None] | None = asyncio.current_task()
        assert this is not None
        job.on_end(lambda last: _soon(loop, lambda: self._leave(this)))
        while not self._over:
            try:
                await self._attempt(handle)
                return
            except asyncio.CancelledError:
                if self._over:
                    return
                why = "it was cancelled there"  # by a replica that is on its way out
            except Lost as lost:
                why = str(lost)
            if self._node:
                self._died.append(self._node)
            if len(self._died) >= MOST_DEATHS:
                self.fail(self._killer())
                return
            log.warning("job %s is sent again: %s", job.id, why)
            await asyncio.sleep(_PAUSE_S)

    def _leave(self, task: asyncio.Task[None]) -> None:
        """The job has ended, whoever has ended it."""
        self._over = True
        task.cancel()

    async def _attempt(self, handle: DeploymentHandle) -> None:
        incoming = Incoming(self.plugin)
        self.ticket.seen = 0
        stream = handle.options(stream=True, multiplexed_model_id=self.model).run.remote(self._blob)
        ended = False
        try:
            async for blob in stream:
                for event in incoming.read(blob):
                    ended = self._deliver(event, incoming.node) or ended
            if not ended:
                raise BrokenPlugin(f"node {incoming.node} ended the job without a result", plugin=self.plugin)
        except Lost:
            raise
        except Exception as error:  # noqa: BLE001 - Ray's have no common parent
            if not ended:
                self.fail(_judged(error, self.plugin))
        finally:
            self._node = incoming.node
            incoming.drop()
            if not ended:
                stream.cancel()

    def _killer(self) -> BrokenPlugin:
        nodes = ", ".join(dict.fromkeys(self._died))
        what = f"the replica that ran the job died {len(self._died)} times ({nodes})"
        fix = "look into the nodes' logs (/tmp/ray/session_latest/logs); ask for less"
        return BrokenPlugin(what, plugin=self.plugin, fix=fix)

    # --- events --------------------------------------------------------------------------------------------------

    def _deliver(self, event: Event, node: str) -> bool:
        """Hands an event to the job. Returns whether it is the last."""
        job = self.ticket.job
        match event:
            case Started(plan):
                self._began(plan)
            case Delta():
                job.timings.setdefault("first_output", time.perf_counter() - job.submitted)
                if fresh := self.ticket.fresh(event):
                    job.emit(fresh)
            case Completed():
                self._around.made(job, self.plugin, event, lambda: _receipt(job, event, node))
                return True
            case Failed(Cancelled()) if not self._over:
                raise Lost("its replica was closed")
            case Failed(error):
                self.fail(error)
                return True
            case _:
                job.emit(event)
        return False

    def _began(self, plan: Plan) -> None:
        job = self.ticket.job
        if self.ticket.started:
            return
        self.ticket.started = time.perf_counter()
        job.timings["queued"] = self.ticket.started - job.submitted
        self._around.began(job, self.model, plan)
        job.emit(Started(plan))


def _receipt(job: Job, event: Completed, node: str) -> Receipt:
    """The node's receipt, as the job that the caller knows."""
    made = event.artifact.receipt
    assert made is not None
    waited = {name: round(seconds, 6) for name, seconds in job.timings.items()}
    timings = made.timings | waited | {"total": round(time.perf_counter() - job.submitted, 6)}
    changes: dict[str, Any] = {"job": job.id, "request": job.request.receipt_view(), "timings": timings, "node": node}
    return made.model_copy(update=changes)


def _judged(error: Exception, plugin: str) -> AigcError:
    """The error for the caller, if the replica itself failed. Raises Lost if another may do it."""
    from ray.exceptions import RayError, RayTaskError
    from ray.serve.exceptions import DeploymentUnavailableError

    if isinstance(error, DeploymentUnavailableError):
        raise error
    if isinstance(error, RayError) and not isinstance(error, RayTaskError):
        raise Lost(f"{type(error).__name__}: {first_line(error)}") from error
    return as_error(error, plugin)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed, and with it everything of this job
        loop.call_soon_threadsafe(call)
