"""What all routes share: the client, the keys, and how a request becomes jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast
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
from .videos_store import Videos


class ServerState:
    """One server. ``draining``: it is being stopped, and takes no more requests."""

    def __init__(self, client: Client, settings: ServerSettings) -> None:
        self.client = client
        self.settings = settings
        self.aliases = Aliases(settings.aliases, client.registry)
        self.keys = Keys(settings.api_key_file)
        self.metrics = Metrics(client.engine)
        self.videos = Videos(settings)
        self.draining = False
        self._live: WeakSet[Submitted] = WeakSet()

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
        if self.draining:
            raise _stopping()
        self._require_room(len(requests))
        caller.admit(modality)
        # In a thread: the first request of a model reads files and makes plans.
        priority = min(priority, caller.priority)
        jobs, model = await asyncio.to_thread(self._submitted, requests, caller.name, priority)
        submitted = Submitted(jobs, model, caller, self.metrics)
        self._live.add(submitted)
        return submitted

    def stop_jobs(self) -> None:
        """Ends everything that runs; whoever waits for it is told why."""
        for submitted in list(self._live):
            submitted.cancel(_stopping())

    def _require_room(self, count: int) -> None:
        pending, seconds = self.client.engine.residents.backlog()
        if pending + count > self.settings.max_pending:
            what = f"{pending} jobs wait already"
            raise Refused(429, "rate_limit_error", what, code="overloaded", fix="come again", retry_after_s=seconds)

    def _submitted(self, requests: Sequence[Request], owner: str, priority: int) -> tuple[list[AsyncJob], str]:
        requests = [self.aliases.resolved(request) for request in requests]
        entry = self.entry(requests[0])
        for option in entry.manifest.options:
            if option.file and option.name in requests[0].options:
                what = f"option {option.name!r} names a file of this machine, which clients may not"
                raise Refused(400, "invalid_request_error", what, code="local_file", param="options")
        model = entry.card.id
        jobs: list[AsyncJob] = []
        try:
            jobs.extend(AsyncJob(self.client.submit(request, owner=owner, priority=priority)) for request in requests)
        except BaseException:
            for job in jobs:
                job.job.cancel()
            raise
        return jobs, model

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


def state_of(http: HttpRequest) -> ServerState:
    """The server that the request came to."""
    return cast(ServerState, http.app.state.aigc)
