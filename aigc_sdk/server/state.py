"""What all routes share: the client, the keys, and how a request becomes jobs."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast
from weakref import WeakSet

from fastapi import Request as HttpRequest

from ..contract.errors import UnknownModel
from ..contract.requests import Modality, Request
from ..engine.client import Client
from ..engine.job import AsyncJob
from ..registry import Entry
from .aliases import Aliases
from .keys import Caller, Keys
from .metrics import Metrics
from .refused import Refused
from .run_jobs import Submitted
from .settings import ServerSettings
from .webhooks_signature import Signer

if TYPE_CHECKING:
    from .jobs_store import Jobs


class ServerState:
    """One server. ``draining``: it is being stopped, and takes no more requests."""

    def __init__(self, client: Client, settings: ServerSettings) -> None:
        self.client = client
        self.settings = settings
        self.aliases = Aliases(client.settings.serve.aliases | settings.aliases, client.registry)
        self.keys = Keys(settings.api_key_file)
        self.metrics = Metrics(client.engine)
        self.signer = Signer.from_file(settings.webhook_secret_file)
        self.draining = False
        self._submitters = ThreadPoolExecutor(2, thread_name_prefix="aigc-jobs-submit")
        self._live: WeakSet[Submitted] = WeakSet()

    @functools.cached_property
    def jobs(self) -> Jobs:
        """The durable jobs. Made when they are first needed, as databases take a moment to import."""
        from .jobs_store import Jobs

        return Jobs(self)

    def caller(self, http: HttpRequest) -> Caller:
        """Who asks; the gate has looked at the key."""
        return cast(Caller, http.scope["aigc.caller"])

    async def submit(
        self, http: HttpRequest, modality: Modality, requests: Sequence[Request], priority: int = 0
    ) -> Submitted:
        """Turns requests into jobs; all of them, or none.

        Args:
            priority: a job of a higher one goes first; a key's own bound is kept.

        Raises:
            Refused: the key is not for this, or asks too much. AigcError: a request cannot be run.
        """
        caller = self.caller(http)
        self.require_open()
        self._require_room(len(requests))
        caller.admit(modality)
        priority = min(priority, caller.priority)
        if self._at_once(requests):
            jobs, model = self._submitted(requests, caller.name, priority)
        else:  # in a thread: the first request of a model reads files and makes plans, hooks may ask others
            jobs, model = await asyncio.to_thread(self._submitted, requests, caller.name, priority)
        submitted = Submitted(jobs, model, caller, self.metrics)
        self._live.add(submitted)
        return submitted

    def require_open(self) -> None:
        """Raises Refused (503) if the server is being stopped."""
        if self.draining:
            raise _stopping()

    async def submit_for(self, owner: str, requests: Sequence[Request], priority: int) -> Submitted:
        """As :meth:`submit`, for a durable job of the key called ``owner``. The queue bounds these by itself."""
        caller = self.keys.named(owner)
        if self._at_once(requests):
            jobs, model = self._submitted(requests, owner, priority)
        else:
            # In threads of their own: a model that is fetched first does not hold up other requests.
            loop = asyncio.get_running_loop()
            within = contextvars.copy_context()  # the trace that the job belongs to
            submitting = loop.run_in_executor(self._submitters, within.run, self._submitted, requests, owner, priority)
            try:
                jobs, model = await asyncio.shield(submitting)
            except asyncio.CancelledError:
                submitting.add_done_callback(_cancel_all)
                raise
        return Submitted(jobs, model, caller, self.metrics)

    @property
    def jobs_trouble(self) -> bool:
        """Whether the database of the durable jobs cannot be used."""
        return "jobs" in self.__dict__ and self.jobs.calls.trouble is not None

    async def drain_jobs(self) -> None:
        """Takes no more durable jobs; returns when none runs here any more."""
        if "jobs" in self.__dict__:
            await self.jobs.drain()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Works on durable jobs until the block ends: what an earlier server left goes on."""
        if self.client.settings.ledger.enabled:
            self.jobs.start()
        try:
            yield
        finally:
            if "jobs" in self.__dict__:
                await self.jobs.close()

    def stop_jobs(self) -> None:
        """Ends everything that runs; whoever waits for it is told why. Durable jobs go back into the queue."""
        if "jobs" in self.__dict__:
            self.jobs.hand_back()
        for submitted in list(self._live):
            submitted.cancel(_stopping())

    def _require_room(self, count: int) -> None:
        pending, seconds = self.client.engine.backlog()
        if pending + count > self.settings.max_pending:
            what = f"{pending} jobs wait already"
            raise Refused(429, "rate_limit_error", what, code="overloaded", fix="come again", retry_after_s=seconds)

    def _at_once(self, requests: Sequence[Request]) -> bool:
        return all(self.client.engine.at_once(self.aliases.resolved(request)) for request in requests)

    def _submitted(self, requests: Sequence[Request], owner: str, priority: int) -> tuple[list[AsyncJob], str]:
        requests = [self.aliases.resolved(request) for request in requests]
        model = self._allowed(requests[0]).card.id
        jobs: list[AsyncJob] = []
        try:
            jobs.extend(AsyncJob(self.client.submit(request, owner=owner, priority=priority)) for request in requests)
        except BaseException:
            for job in jobs:
                job.job.cancel()
            raise
        return jobs, model

    def checked(self, request: Request) -> Entry:
        """The model of a request that can be run as it is written. Loads nothing.

        Raises:
            Refused: an option names a file. AigcError: no such model or option, or beyond the model's limits.
        """
        request = self.aliases.resolved(request)
        self._allowed(request)
        return self.client.engine.check(request)

    def _allowed(self, request: Request) -> Entry:
        entry = self.entry(request)
        for option in entry.manifest.options:
            if option.file and option.name in request.options:
                what = f"option {option.name!r} names a file of this machine, which clients may not"
                raise Refused(400, "invalid_request_error", what, code="local_file", param="options")
        return entry

    @property
    def checks_artifacts(self) -> bool:
        """Whether hooks check or label what was made; then none of it is sent before it has passed them all."""
        hooks = self.client.registry.hooks
        return any(hooks.implementations(hook) for hook in ("moderate", "label", "after_generate"))

    def entry(self, request: Request) -> Entry:
        """The model. Raises UnknownModel also for a hub id or a folder that the operator has not named."""
        request = self.aliases.resolved(request)
        if request.model is None or request.model in self.settings.sources or request.model in self.aliases.sources:
            return self.client.engine.entry(request)
        try:
            return self.client.registry.find(
                request.model, request.modality, request.task, getattr(request, "language", None)
            )
        except UnknownModel as error:
            raise self.aliases.unknown(request.model, error) from None


def _stopping() -> Refused:
    return Refused(503, "server_error", "the server is being stopped", code="draining", retry_after_s=5)


def _cancel_all(submitting: asyncio.Future[tuple[list[AsyncJob], str]]) -> None:
    """Nobody waits for these any more."""
    if not submitting.cancelled() and submitting.exception() is None:
        for job in submitting.result()[0]:
            job.job.cancel()


def state_of(http: HttpRequest) -> ServerState:
    """The server that the request came to."""
    return cast(ServerState, http.app.state.aigc)
