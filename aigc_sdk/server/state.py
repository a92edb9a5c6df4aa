"""What all routes share: the client, the keys, and how a request becomes jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from fastapi import Request as HttpRequest

from ..contract.requests import Modality, Request
from ..engine.client import Client
from ..engine.job import AsyncJob
from .errors import Refused
from .keys import Caller, Keys
from .run_jobs import Submitted
from .settings import ServerSettings


class ServerState:
    """One server. ``draining``: it is being stopped, and takes no more requests."""

    def __init__(self, client: Client, settings: ServerSettings) -> None:
        self.client = client
        self.settings = settings
        self.keys = Keys(settings.api_key_file)
        self.draining = False

    def caller(self, http: HttpRequest) -> Caller:
        """Who asks. Raises Refused."""
        return self.keys.caller(http.headers.get("authorization"))

    async def submit(self, http: HttpRequest, modality: Modality, requests: Sequence[Request]) -> Submitted:
        """Turns requests into jobs; all of them, or none.

        Raises:
            Refused: no key, or not for this, or too much. AigcError: a request cannot be run.
        """
        caller = self.caller(http)
        if self.draining:
            what = "the server is being stopped"
            raise Refused(503, "server_error", what, code="draining", retry_after_s=5)
        caller.admit(modality)
        # In a thread: the first request of a model reads files and makes plans.
        jobs, model = await asyncio.to_thread(self._submitted, requests)
        return Submitted(jobs, model, caller)

    def _submitted(self, requests: Sequence[Request]) -> tuple[list[AsyncJob], str]:
        model = self.client.engine.entry(requests[0]).card.id
        jobs: list[AsyncJob] = []
        try:
            jobs.extend(AsyncJob(self.client.submit(request)) for request in requests)
        except BaseException:
            for job in jobs:
                job.job.cancel()
            raise
        return jobs, model


def state_of(http: HttpRequest) -> ServerState:
    """The server that the request came to."""
    return cast(ServerState, http.app.state.aigc)
