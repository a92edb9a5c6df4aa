"""Tells clients' own servers that a job has ended: signed, tried again and again, to public addresses only."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from .._version import __version__
from ..contract.errors import AigcError
from ..ledger.job_queue_rows import DueWebhook, QueuedJob
from .jobs_calls import QueueCalls
from .jobs_view import described
from .refused import Refused
from .webhooks_address import checked_addresses, webhook_url
from .webhooks_signature import Signer

log = logging.getLogger(__name__)

_LOOK_S = 2.0
_CONNECT_S, _ANSWER_S = 5.0, 15.0
"""Who takes longer is asked again later: a webhook is to be noted, not worked upon."""
_AT_ONCE = 20


class WebhookSender:
    """Sends what is due.

    Args:
        allowed: hosts that may have private addresses.
        pauses_s: between the tries, in seconds; after the last one it is given up.
    """

    def __init__(self, calls: QueueCalls, signer: Signer, allowed: Collection[str], pauses_s: Sequence[float]) -> None:
        self._calls = calls
        self._signer = signer
        self._allowed = allowed
        self._pauses = pauses_s
        self._ended = asyncio.Event()

    def wake(self) -> None:
        """A job has ended."""
        self._ended.set()

    async def run(self) -> None:
        """Sends until it is cancelled. What is under way then is sent again by the next server."""
        # In a thread: reading the certificates takes a moment. No proxy and no reused connection: each goes where was
        # looked, and nowhere else.
        limits = httpx.Limits(max_keepalive_connections=0, max_connections=_AT_ONCE)
        timeout = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
        async with await asyncio.to_thread(
            httpx.AsyncClient, trust_env=False, limits=limits, timeout=timeout
        ) as client:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._ended.wait()
                self._ended.clear()
                with contextlib.suppress(AigcError):  # the database is gone: it is asked again
                    await self._send_due(client)

    async def _send_due(self, client: httpx.AsyncClient) -> None:
        webhooks = self._calls.queue.webhooks
        while due := await self._calls.write(webhooks.due, limit=_AT_ONCE):
            await asyncio.gather(*(self._deliver(client, one) for one in due))

    async def _deliver(self, client: httpx.AsyncClient, due: DueWebhook) -> None:
        webhooks, key = self._calls.queue.webhooks, due.job.key
        again: float | None = self._pauses[due.tries] if due.tries < len(self._pauses) else None
        try:
            async with asyncio.timeout(_ANSWER_S):
                status = await self._post(client, due.job)
        except Refused as refused:
            why, again = refused.what, None
        except (OSError, httpx.HTTPError) as error:
            why = f"it cannot be reached ({type(error).__name__})"
        except Exception as error:
            log.exception("webhook of job %s", due.job.id)
            why = f"unexpected {type(error).__name__}"
        else:
            if 200 <= status < 300:
                await self._calls.write(webhooks.delivered, key)
                return
            why = f"it answered with status {status}"
            again = None if status == 410 else again  # "Gone" says: never again
        next_at = None if again is None else datetime.now(UTC) + timedelta(seconds=again)
        await self._calls.write(webhooks.failed, key, why, next_at)

    async def _post(self, client: httpx.AsyncClient, job: QueuedJob) -> int:
        url = webhook_url(job.webhook or "")
        addresses = await checked_addresses(url, self._allowed)
        body = json.dumps(event_of(job), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": f"aigc-sdk/{__version__}",
            **self._signer.headers(_message(job), int(time.time()), body),
        }
        # The certificate is still that of the name.
        extensions = {"sni_hostname": url.raw_host.decode("ascii")}
        for last, address in enumerate(addresses, 1 - len(addresses)):
            place = url.copy_with(host=address)
            request = client.build_request("POST", place, content=body, headers=headers, extensions=extensions)
            try:
                answer = await client.send(request, stream=True, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not last:
                    raise
            else:
                await answer.aclose()  # what it says is not read
                return answer.status_code
        raise OSError("it has no address")


def event_of(job: QueuedJob) -> dict[str, Any]:
    """What a webhook says, in the shape of OpenAI's events."""
    ended = job.finished or job.created
    return {
        "id": _message(job),
        "object": "event",
        "created_at": int(ended.timestamp()),
        "type": f"{job.kind}.{job.state}",
        "data": described(job),
    }


def _message(job: QueuedJob) -> str:
    """The same at each try, and another for each job of any server."""
    named = f"{job.owner}\0{job.id}\0{job.key}\0{job.created.isoformat()}"
    return f"evt_{hashlib.sha256(named.encode()).hexdigest()[:32]}"
