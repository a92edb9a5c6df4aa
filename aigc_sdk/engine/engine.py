"""The engine: from a request to a job that runs. One per client; everything else in the project calls this one."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..accelerators import make_plan
from ..contract.artifacts import Artifact
from ..contract.errors import BrokenPlugin, Cancelled, InvalidRequest, PolicyBlocked, UnknownModel
from ..contract.events import Completed, Event, Failed
from ..contract.plan import Plan
from ..contract.receipt import Receipt
from ..contract.requests import Request
from ..registry import Entry, Registry
from ..registry.hooks import guarded
from ..settings import Settings
from . import telemetry
from .batch import as_error
from .job import Job
from .receipts import make_receipt
from .recorder import Recorder
from .resident import Resident
from .residents import Residents
from .resolve import check_runner, resolve
from .ticket import Ticket

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..store import Store

log = logging.getLogger(__name__)

_LOOK_S = 0.1
"""How often a job that waits for another one looks whether it was stopped."""


class Held(NamedTuple):
    """A model that has jobs or is in memory. ``pending``: jobs accepted and not yet done."""

    model: str
    device: str
    loaded: bool
    pending: int


class Engine:
    """Runs requests.

    Args:
        ledger: where jobs are recorded; None records nothing.
    """

    def __init__(self, settings: Settings, registry: Registry, store: Store, ledger: Ledger | None) -> None:
        self.registry = registry
        self.store = store
        self.recorder = Recorder(ledger, energy=settings.ledger.energy)
        self._settings = settings
        self._hooks = registry.hooks
        self.telemetry = telemetry.start(settings.telemetry, offline=settings.offline)
        self.residents = Residents(settings.engine)
        self._plans: dict[Hashable, tuple[Entry, Plan]] = {}
        self._plans_lock = threading.Lock()
        # Hooks and the ledger may take their time; the device does not wait for them.
        self._finishers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="aigc-finish")

    # --- looking -------------------------------------------------------------------------------------------------

    def entry(self, request: Request) -> Entry:
        """The model that will serve the request.

        Raises:
            UnknownModel, MissingExtra: as :meth:`Registry.find` and :meth:`Registry.resolve` do.
        """
        entry = self._named(request.model or self._settings.models.get(request.modality), request)
        if request.model is None and "task" in request.model_fields_set and request.task not in entry.card.tasks:
            # A model that the settings name is the default for what it can do, and for nothing else.
            return self._named(None, request)
        return entry

    def _named(self, model: str | None, request: Request) -> Entry:
        """The model of that name, or the plugins' own default for the request's task and language."""
        try:
            return self.registry.find(model, request.modality, request.task, getattr(request, "language", None))
        except UnknownModel:
            if model is None or not _looks_like_source(model):
                raise
        return self.registry.resolve(self.store.describe(model), request.modality)

    def plan(self, request: Request, *, device: str | None = None, fresh: bool = False) -> tuple[Entry, Plan]:
        """The model and how it will run. Loads nothing.

        Args:
            device: overrides the settings' device.
            fresh: measure again, even if the model is already planned.
        """
        key = _planned_as(request, device)
        if not fresh and (known := self._plans.get(key)) is not None:
            return known
        with self._plans_lock:
            if fresh or key not in self._plans:
                entry = self.entry(request)
                wanted = device or self._settings.engine.device
                plan = make_plan(entry.card, entry.manifest, runner=request.runner, device=wanted)
                self._plans[key] = (entry, plan)
            return self._plans[key]

    def held(self) -> list[Held]:
        """The models in memory."""
        return [Held(r.card.id, r.plan.device, r.runner is not None, r.pending) for r in self.residents.loaded()]

    def backlog(self) -> tuple[int, float]:
        """Jobs accepted and not yet done, and in how many seconds they will be, by a guess."""
        return self.residents.backlog()

    # --- running -------------------------------------------------------------------------------------------------

    def at_once(self, request: Request) -> bool:
        """Whether :meth:`submit` waits for nothing: its model is there, and no hook looks at requests."""
        known = self._plans.get(_planned_as(request, None))
        if known is None or any(self._hooks.implementations(hook) for hook in ("before_generate", "moderate")):
            return False
        return self.residents.holds(_runs_as(request, *known))

    def check(self, request: Request) -> Entry:
        """The model that would run the request. Runs nothing, and asks no hook.

        Raises:
            AigcError: it cannot be run as it is written: unknown model, unknown option, no plan, beyond a limit.
        """
        entry = self._ready(request)
        resolve(request, entry.card, entry.manifest)
        return entry

    def submit(self, request: Request, *, owner: str = "", priority: int = 0) -> Job:
        """Queues a request.

        Args:
            owner: who asks; those who wait for the same model share it fairly.
            priority: a job of a higher one goes before all of a lower one.

        Raises:
            AigcError: it cannot be run at all: unknown model, unknown option, no plan, refused by a hook.
        """
        return self._submit(request, (), owner, priority)

    def _submit(self, request: Request, waiting: tuple[str, ...], owner: str, priority: int) -> Job:
        """Queues a request that jobs of the models ``waiting`` wait for."""
        request = self._admitted(request)
        entry = self._ready(request)
        if entry.card.id in waiting:
            raise InvalidRequest(f"model {entry.card.id!r} would wait for itself", plugin=entry.plugin.name)
        resolved = resolve(request, entry.card, entry.manifest)
        job = Job(request, owner, priority)
        job.models = (*waiting, entry.card.id)
        self.recorder.queued(job.id, request, entry.card.id, entry.plugin.name)
        job.on_end(functools.partial(self._ended, job))
        self._start(entry, Ticket(job, resolved))
        if self.telemetry is not None:
            self.telemetry.follow(job, resolved, entry.card.id, entry.plugin.name)
        return job

    def _ready(self, request: Request) -> Entry:
        """The model that will run the request. Raises AigcError if it cannot."""
        entry, plan = self.plan(request)
        check_runner(request, entry.card, entry.manifest, plan.runner)
        return entry

    def _start(self, entry: Entry, ticket: Ticket) -> None:
        """Hands the ticket to who runs it."""
        request = ticket.job.request
        _, plan = self.plan(request)
        key = _runs_as(request, entry, plan)
        self.residents.submit(key, lambda: self._resident(entry, plan, request), ticket)

    def _admitted(self, request: Request) -> Request:
        admitted: Request = self._hooks.pipe("before_generate", "request", request=request)
        self._moderate(admitted, None)
        return admitted

    def _moderate(self, request: Request, artifact: Artifact | None) -> None:
        for name, moderate in self._hooks.implementations("moderate"):
            if why := guarded(name, "moderate", moderate, {"request": request, "artifact": artifact}):
                raise PolicyBlocked(str(why), plugin=name)

    def _resident(self, entry: Entry, plan: Plan, request: Request) -> Resident:
        files = self.store.files(entry.card, trust_remote_code=request.trust_remote_code)
        return Resident(entry, plan, files, self.residents, self.recorder.started, self._finish, self._generate)

    def _generate(self, asker: Job, request: Request, stopped: Callable[[], bool]) -> Artifact:
        """Makes what a running job asks for. Raises Cancelled if that job is stopped meanwhile."""
        with self.telemetry.within(asker) if self.telemetry is not None else contextlib.nullcontext():
            job = self._submit(request, asker.models, asker.owner, asker.priority)
        try:
            while not stopped():
                with contextlib.suppress(TimeoutError):
                    return job.result(timeout=_LOOK_S)
        finally:
            job.cancel()
        raise Cancelled("the job was stopped")

    # --- finishing -----------------------------------------------------------------------------------------------

    def _finish(self, resident: Resident, ticket: Ticket, event: Completed) -> None:
        if not isinstance(event.artifact, Artifact):
            what = f"Completed holds a {type(event.artifact).__name__}, not an artifact"
            ticket.job.emit(Failed(BrokenPlugin(what, plugin=resident.plugin)))
            return

        def receipt() -> Receipt:
            return make_receipt(resident, ticket, event, self.recorder.energy(ticket.job.id))

        self._complete(ticket.job, resident.plugin, event, receipt)

    def _complete(self, job: Job, plugin: str, event: Completed, receipt: Callable[[], Receipt]) -> None:
        """Ends a job with what was made for it, once that has passed the hooks and is recorded."""
        if self._finishing_takes_time():
            self._finishers.submit(self._complete_now, job, plugin, event, receipt)
        else:
            self._complete_now(job, plugin, event, receipt)

    def _finishing_takes_time(self) -> bool:
        hooks = ("moderate", "label", "after_generate")
        return self.recorder.active or any(self._hooks.implementations(hook) for hook in hooks)

    def _complete_now(self, job: Job, plugin: str, event: Completed, receipt: Callable[[], Receipt]) -> None:
        request = job.request
        try:
            artifact = dataclasses.replace(event.artifact, receipt=receipt())
            self._moderate(request, artifact)
            artifact = self._hooks.pipe("label", "artifact", request=request, artifact=artifact)
            artifact = self._hooks.pipe("after_generate", "artifact", request=request, artifact=artifact)
        except BaseException as error:  # noqa: BLE001 - hooks are strangers' code, even SystemExit
            job.emit(Failed(as_error(error, plugin)))
            return
        if not job.done:
            self.recorder.finished(artifact.receipt)
        job.emit(Completed(artifact, event.units, event.notes))

    def _ended(self, job: Job, last: Event) -> None:
        if isinstance(last, Failed):
            self.recorder.failed(job.id, last.error, job.timings)
            self._hooks.tell("on_error", request=job.request, error=last.error)

    def close(self) -> None:
        """Unloads all models and closes the ledger."""
        self.residents.close()
        self._finishers.shutdown(wait=True)
        self.recorder.close()
        if self.telemetry is not None:
            self.telemetry.close()


def _planned_as(request: Request, device: str | None) -> Hashable:
    by_name = (request.modality, request.model, request.runner, request.trust_remote_code, device)
    # Which model is the default depends on the task and the language as well.
    return by_name if request.model else (*by_name, request.task, getattr(request, "language", None))


def _runs_as(request: Request, entry: Entry, plan: Plan) -> Hashable:
    return (entry.card.id, entry.plugin.name, plan.runner, plan.device, plan.dtype, request.trust_remote_code)


def _looks_like_source(model: str) -> bool:
    return "/" in model or "\\" in model or model.startswith(("hf:", "file:")) or Path(model).exists()
