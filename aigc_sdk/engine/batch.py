"""The batch that runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, BrokenPlugin, Cancelled, first_line
from ..contract.events import Completed, Delta, Event, Failed, Preview, Progress, Started
from ..contract.plan import Plan
from ..contract.requests import Request
from ..contract.runner import Item
from .job import Job
from .ticket import Ticket

Generate = Callable[[Job, Request, Callable[[], bool]], Artifact]
"""Makes something for a running job; the function says whether that job was stopped meanwhile."""


class Batch:
    """The items of one ``run``: the :class:`~aigc_sdk.contract.runner.RunContext` that the runner sees.

    Attributes:
        items: what ``run`` is called with.
        beat: monotonic time of the runner's last sign of life.
    """

    def __init__(
        self,
        tickets: Sequence[Ticket],
        plan: Plan,
        *,
        more: Callable[[Hashable, int], list[Ticket]],
        begin: Callable[[str], None],
        complete: Callable[[Ticket, Completed], None],
        generate: Generate,
    ) -> None:
        self.plan = plan
        self._more = more
        self._begin = begin
        self._complete = complete
        self._generate = generate
        self._live: dict[int, Ticket] = {}
        self._count = 0
        self._key = tickets[0].key
        self.beat = time.monotonic()
        self.items = self._enter(tickets)

    def _enter(self, tickets: Sequence[Ticket]) -> list[Item]:
        items = []
        for ticket in tickets:
            if ticket.job.done:
                continue
            ticket.seen = 0
            ticket.parts.clear()
            if not ticket.started:
                self._start(ticket)
            self._live[self._count] = ticket
            items.append(ticket.item(self._count))
            self._count += 1
        return items

    def _start(self, ticket: Ticket) -> None:
        ticket.started = time.perf_counter()
        ticket.job.timings["queued"] = ticket.started - ticket.job.submitted
        self._begin(ticket.job.id)
        ticket.job.emit(Started(self.plan))

    # --- what the runner sees ------------------------------------------------------------------------------------

    def cancelled(self, index: int) -> bool:
        self.beat = time.monotonic()
        ticket = self._live.get(index)
        return ticket is None or ticket.job.done

    def progress(self, index: int, step: int, of: int | None = None, what: str = "") -> None:
        self.beat = time.monotonic()
        if ticket := self._live.get(index):
            ticket.job.emit(Progress(step, of, what))

    def preview(self, index: int, artifact: Artifact) -> None:
        self.beat = time.monotonic()
        if ticket := self._live.get(index):
            ticket.job.emit(Preview(artifact))

    def generate(self, index: int, request: Request) -> Artifact:
        ticket = self._live.get(index)
        if ticket is None or ticket.job.done:
            raise Cancelled("the job was stopped")
        artifact = self._generate(ticket.job, request, lambda: self.cancelled(index))
        if artifact.receipt is not None:
            ticket.parts.append(artifact.receipt)
        return artifact

    def admit(self, limit: int) -> Sequence[Item]:
        self._drop_stopped()
        fresh = self._more(self._key, limit)
        return self._enter(fresh) if fresh else []

    def rung(self, name: str) -> None:
        for ticket in self._live.values():
            ticket.rungs.append(name)

    # --- what the engine does ------------------------------------------------------------------------------------

    def unfinished(self) -> list[Ticket]:
        """Tickets that have neither completed nor failed."""
        return list(self._live.values())

    def deliver(self, index: int, event: Event, plugin: str) -> None:
        """Hands one event of the runner to its job.

        Raises:
            BrokenPlugin: the runner yielded something that is no event for an item of this batch.
        """
        self.beat = time.monotonic()
        ticket = self._live.get(index)
        if ticket is None:
            if 0 <= index < self._count:
                return  # cancelled in the meantime
            raise BrokenPlugin(f"run() yielded an event for item {index}, which it was not given", plugin=plugin)
        match event:
            case Delta():
                self._deliver_delta(ticket, event)
            case Progress() | Preview():
                ticket.job.emit(event)
            case Completed():
                self._complete(ticket, event)
                self._live.pop(index, None)  # only now: whatever is not handed over is still to be ended
            case Failed():
                ticket.job.emit(Failed(as_error(event.error, plugin)))
                self._live.pop(index, None)
            case _:
                raise BrokenPlugin(f"run() yielded a {type(event).__name__}, not an event", plugin=plugin)

    def _deliver_delta(self, ticket: Ticket, event: Delta) -> None:
        if ticket.streamed == 0:
            ticket.job.timings.setdefault("first_output", time.perf_counter() - ticket.job.submitted)
        if fresh := ticket.fresh(event):
            ticket.job.emit(fresh)

    def _drop_stopped(self) -> None:
        self._live = {index: ticket for index, ticket in self._live.items() if not ticket.job.done}

    def end(self, error: AigcError) -> None:
        """Fails what is still live: ``run`` has returned without a result for it, or will never return."""
        for ticket in self.unfinished():
            ticket.job.emit(Failed(error))
        self._live.clear()


def as_error(error: object, plugin: str) -> AigcError:
    """What a plugin failed with as an error of our tree, with the plugin named. Never fails, whatever it is given."""
    if not isinstance(error, BaseException):
        return BrokenPlugin(f"it failed with a {type(error).__name__}, not with an error", plugin=plugin)
    if isinstance(error, AigcError) and hasattr(error, "plugin"):  # without: a child that did not call its parent
        error.plugin = error.plugin or plugin
        return error
    wrapped = BrokenPlugin(f"{type(error).__name__}: {first_line(error)}", plugin=plugin)
    wrapped.__cause__ = error
    return wrapped
