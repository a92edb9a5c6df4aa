"""A model in memory: one thread that loads it and preprocesses, one that runs it. Serves many jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..accelerators import is_out_of_memory, process_bytes, release
from ..accelerators import threads as thread_settings
from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, BrokenPlugin, OutOfMemory, first_line
from ..contract.events import Completed, Event, Failed
from ..contract.manifest import ModelCard, RunnerSpec
from ..contract.plan import Plan
from ..contract.requests import Request
from ..contract.runner import ModelFiles, Runner
from ..registry import Entry
from .batch import Batch, Generate, as_error
from .guard import GlobalState
from .isolated import loader_of
from .job import Job
from .ticket import Ticket
from .waiting import Waiting

if TYPE_CHECKING:
    from .residents import Residents

log = logging.getLogger(__name__)

Begin = Callable[[str], None]
Finish = Callable[["Resident", Ticket, Completed], None]

_JOIN_S = 5.0
"""Longest that closing waits for a step under way; a thread that hangs is left behind."""
_LEAK_SHARE = 0.05
"""Part of a model's memory that may stay after it was unloaded before its plugin is said to leak."""
_LEAK_SLACK = 64 * 1024**2
"""Bytes that the allocator may keep although nobody holds them."""


class Resident:
    """One model under one plan.

    Attributes:
        pending: jobs accepted and not yet done; while there are any, the model is not evicted.
        last_used: monotonic time of the last acceptance.
        asking: it waits for what another model makes for it, so that one cannot wait for room until it is idle.
        again: submits a ticket to the resident that comes after this one; set by the pool.
    """

    def __init__(
        self,
        entry: Entry,
        plan: Plan,
        files: ModelFiles,
        pool: Residents,
        begin: Begin,
        finish: Finish,
        generate: Generate,
    ) -> None:
        self.entry = entry
        self.plan = plan
        self.pending = 0
        self.asking = False
        self.last_used = time.monotonic()
        self.again: Callable[[Ticket], None]
        self.runner: Runner | None = None
        self.load_seconds = 0.0
        self._files = files
        self._pool = pool
        self._begin = begin
        self._finish = finish
        self._generate = generate
        self._batch: Batch | None = None
        self._watch: threading.Timer | None = None
        self._given_up = False
        self._first_load = True
        self._bytes_before = self._bytes_loaded = 0
        self._inbox = Waiting()
        self._waiting = Waiting()
        self._threads = [
            threading.Thread(target=loop, name=f"aigc-{what}-{self.card.id}", daemon=True)
            for what, loop in (("intake", self._intake), ("device", self._device))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def card(self) -> ModelCard:
        return self.entry.card

    @property
    def plugin(self) -> str:
        return self.entry.plugin.name

    @property
    def spec(self) -> RunnerSpec:
        return self.entry.manifest.runner(self.plan.runner)

    @property
    def backlog_s(self) -> float:
        """Seconds until what is pending has run, as far as what ran before tells."""
        return self.pending * self._waiting.mean_s / max(1, self.plan.max_batch)

    def submit(self, ticket: Ticket) -> None:
        """Accepts a ticket. The pool has counted it as pending."""
        if not self._inbox.put(ticket):
            self._come_too_late(ticket)

    def close(self) -> None:
        """Ends both threads and gives the model's memory back. Jobs still waiting fail."""
        self._inbox.close()
        self._waiting.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=_JOIN_S)
        self._refuse_waiting(self._unloaded())
        self._close_runner()

    def _refuse_waiting(self, error: AigcError) -> None:
        """Fails everything still queued. Called once no more can be submitted."""
        for ticket in (*self._waiting.drain(), *self._inbox.drain()):
            ticket.job.emit(Failed(error))

    def _close_runner(self) -> None:
        runner, self.runner = self.runner, None
        if runner is None:
            return
        try:
            runner.close()
        except BaseException:
            log.exception("plugin %r failed to close model %r", self.plugin, self.card.id)
        del runner
        release()
        self._report_leak()

    def _report_leak(self) -> None:
        kept = process_bytes() - self._bytes_before
        held = self._bytes_loaded - self._bytes_before
        if self._first_load or kept <= held * _LEAK_SHARE + _LEAK_SLACK:
            return  # libraries that the first load imports stay, rightly
        log.warning("plugin %r keeps %d MiB after model %r was unloaded", self.plugin, kept >> 20, self.card.id)

    # --- hanging -------------------------------------------------------------------------------------------------

    def watch(self, grace_s: float) -> None:
        """A running job was stopped: its runner is to show a sign of life within ``grace_s`` seconds."""
        if self._watch is not None and self._watch.is_alive():
            return
        self._watch = threading.Timer(grace_s, self._abandon_if_hung, [time.monotonic()])
        self._watch.daemon = True
        self._watch.start()

    def _abandon_if_hung(self, since: float) -> None:
        """Gives up on a runner that never came back: the next jobs get a new one, the thread is lost."""
        batch = self._batch
        if batch is None or batch.beat > since:
            return
        error = BrokenPlugin("run() hangs; its model was given up", plugin=self.plugin, fix="aigc plugins doctor")
        log.error("plugin %r hangs in run() of model %r; it was given up", self.plugin, self.card.id)
        self._given_up = True
        self._pool.discard(self)
        batch.end(error)
        self._waiting.close()
        self._inbox.close()
        for ticket in (*self._waiting.drain(), *self._inbox.drain()):
            self.again(ticket)

    # --- intake thread -------------------------------------------------------------------------------------------

    def _intake(self) -> None:
        while tickets := self._inbox.next_batch(1, wait_s=0.0):
            (ticket,) = tickets
            if self.runner is None and not self._load(ticket):
                return
            self._preprocess(ticket)

    def _load(self, ticket: Ticket) -> bool:
        began = time.perf_counter()
        try:
            self._pool.make_room(self)
            self.runner = self._loaded()
        except BaseException as error:  # noqa: BLE001 - a stranger's code, even SystemExit
            failure = self._too_big(error) if is_out_of_memory(error) else as_error(error, self.plugin)
            self._pool.discard(self)  # the next request tries again with a new resident
            self._waiting.close()
            ticket.job.emit(Failed(failure))
            self._refuse_waiting(failure)
            return False
        self.load_seconds = time.perf_counter() - began
        ticket.job.timings["load"] = self.load_seconds
        return True

    def _loaded(self) -> Runner:
        thread_settings.apply(self.plan)
        loader = loader_of(self.entry.plugin, self.spec)
        self._first_load = self._pool.first_load(self)
        self._bytes_before = process_bytes()
        runner = loader(self.card, self.plan, self._files)
        self._bytes_loaded = process_bytes()
        for method in ("preprocess", "batch_key", "run", "close"):
            if not callable(getattr(runner, method, None)):
                what = f"its loader returned a {type(runner).__name__} without {method}()"
                raise BrokenPlugin(what, plugin=self.plugin)
        return runner

    def _too_big(self, error: BaseException) -> OutOfMemory:
        what = f"{self.card.id} does not fit into the memory of {self.plan.device_name}: {first_line(error)}"
        return OutOfMemory(what, plugin=self.plugin, fix="a smaller model, or another --device", rungs=("evict-idle",))

    def _preprocess(self, ticket: Ticket) -> None:
        runner = self.runner
        assert runner is not None
        began = time.perf_counter()
        try:
            ticket.inputs = runner.preprocess(ticket.request)
            ticket.key = runner.batch_key(ticket.request)
        except BaseException as error:  # noqa: BLE001 - a stranger's code, even SystemExit
            ticket.job.emit(Failed(as_error(error, self.plugin)))
            return
        ticket.job.timings["preprocess"] = time.perf_counter() - began
        if not self._waiting.put(ticket):
            self._come_too_late(ticket)

    def _come_too_late(self, ticket: Ticket) -> None:
        if self._given_up:
            self.again(ticket)
        else:
            ticket.job.emit(Failed(self._unloaded()))

    def _unloaded(self) -> BrokenPlugin:
        return BrokenPlugin(f"model {self.card.id} was unloaded", plugin=self.plugin)

    # --- device thread -------------------------------------------------------------------------------------------

    def _device(self) -> None:
        wait_s = 0.0 if self.spec.continuous else self.spec.max_wait_ms / 1000
        while batch := self._waiting.next_batch(self.plan.max_batch, wait_s):
            try:
                self._run(batch)
            except BaseException as error:  # whatever this is, nobody shall wait for ever
                log.exception("running a batch of model %r failed", self.card.id)
                self._fail(batch, as_error(error, self.plugin))
        if self._given_up:  # it came back after all, when nobody waited any more
            self._close_runner()

    def _run(self, tickets: list[Ticket]) -> None:
        """Runs a batch; after a failure, what is unfinished is tried again so that only the item at fault fails."""
        unfinished, error = self._attempt(tickets)
        if error is None:
            return
        if is_out_of_memory(error):
            self._climb_down(unfinished, error)
        elif len(unfinished) > 1:
            for ticket in unfinished:
                self._run([ticket])
        else:
            for ticket in unfinished:
                ticket.job.emit(Failed(as_error(error, self.plugin)))

    def _attempt(self, tickets: list[Ticket]) -> tuple[list[Ticket], BaseException | None]:
        """One ``run``. Returns what it left unfinished and the exception that ended it."""
        if not tickets:
            return [], None
        state = GlobalState(self.plugin)

        def complete(ticket: Ticket, event: Completed) -> None:
            state.restore()
            ticket.job.timings["run"] = seconds = time.perf_counter() - ticket.started
            self._waiting.ran(ticket, seconds)
            self._finish(self, ticket, event)

        more, begin = self._waiting.more, self._begin
        batch = Batch(tickets, self.plan, more=more, begin=begin, complete=complete, generate=self._ask)
        runner = self.runner
        if not batch.items or runner is None:
            return [], None
        self._batch = batch
        try:
            for index, event in runner.run(batch.items, batch):
                batch.deliver(index, event, self.plugin)
        except BaseException as error:  # noqa: BLE001 - a stranger's code, even SystemExit
            return [t for t in batch.unfinished() if not t.job.done], error
        finally:
            self._batch = None
            state.restore()
        batch.end(BrokenPlugin("run() ended without a result for this item", plugin=self.plugin))
        return [], None

    def _ask(self, job: Job, request: Request, stopped: Callable[[], bool]) -> Artifact:
        self.asking = True
        try:
            return self._generate(job, request, stopped)
        finally:
            self.asking = False

    # --- the out-of-memory ladder --------------------------------------------------------------------------------

    def _climb_down(self, tickets: list[Ticket], error: BaseException) -> None:
        """Free caches, evict idle models, what the runner can do, halve the batch, a clear error: in this order."""
        for rung in self._rungs():
            for ticket in tickets:
                ticket.rungs.append(rung)
            tickets, again = self._attempt(tickets)
            if again is None:
                return
            if not is_out_of_memory(again):
                return self._fail(tickets, as_error(again, self.plugin))
            error = again
        if len(tickets) > 1:
            return self._halve(tickets)
        rungs = tickets[0].rungs if tickets else []
        what = f"out of memory on {self.plan.device_name}: {first_line(error)}"
        self._fail(tickets, OutOfMemory(what, plugin=self.plugin, fix="ask for less, or a smaller model", rungs=rungs))

    def _rungs(self) -> Iterator[str]:
        release()
        yield "free-caches"
        if self._pool.evict_idle(besides=self):
            yield "evict-idle"
        relieve = getattr(self.runner, "relieve", None)
        while relieve is not None and (rung := relieve()) is not None:
            yield rung

    def _halve(self, tickets: list[Ticket]) -> None:
        for ticket in tickets:
            ticket.rungs.append("halve-batch")
        middle = len(tickets) // 2
        self._run(tickets[:middle])
        self._run(tickets[middle:])

    def _fail(self, tickets: list[Ticket], error: AigcError) -> None:
        event: Event = Failed(error)
        for ticket in tickets:
            ticket.job.emit(event)
