"""The faces of the engine: :class:`Client`, :class:`AsyncClient`, and the module-level ``generate`` and ``stream``."""

from __future__ import annotations

import asyncio
import atexit
import json
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from ..contract.artifacts import Artifact, AudioArtifact, ImageArtifact, TextArtifact, VideoArtifact
from ..contract.errors import AigcError, InvalidRequest, did_you_mean
from ..contract.events import Event
from ..contract.plan import Plan
from ..contract.receipt import Receipt
from ..contract.requests import REQUESTS, Modality, Request
from ..registry import Registry
from ..registry import load as load_registry
from ..settings import Settings, home
from ..settings import load as load_settings
from .engine import Engine
from .job import AsyncJob, Job
from .receipts import request_of
from .replay import ReplayResult, compare

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..store import Store
    from ..store.progress import ProgressSink


class Client:
    """Generates. Holds the models it has loaded until it is closed; use it as a context manager, from any thread.

    Args:
        settings: composed by Hydra if None.
        registry: what is installed if None.
        progress: where downloads report to; None reports to the log.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        registry: Registry | None = None,
        progress: ProgressSink | None = None,
    ) -> None:
        self.settings = settings or load_settings()
        self.registry = registry or load_registry()
        kind = _engine_kind(self.settings)
        self.engine: Engine = kind(self.settings, self.registry, self._store(progress), self._ledger())

    def _store(self, progress: ProgressSink | None) -> Store:
        from ..store import Store

        return Store(home(), offline=self.settings.offline, progress=progress)

    def _ledger(self) -> Ledger | None:
        settings = self.settings.ledger
        if not settings.enabled:
            return None
        from ..ledger import Ledger

        return Ledger.from_settings(settings)

    @property
    def store(self) -> Store:
        """The model files."""
        return self.engine.store

    @property
    def ledger(self) -> Ledger | None:
        """The record of jobs, or None if it is switched off."""
        return self.engine.recorder.ledger

    def submit(self, request: Request, *, owner: str = "", priority: int = 0) -> Job:
        """Queues a request.

        Args:
            owner: on whose behalf; those who wait for the same model share its time fairly.
            priority: a job of a higher one goes before all of a lower one.

        Raises:
            AigcError: it cannot be run at all.
        """
        return self.engine.submit(request, owner=owner, priority=priority)

    @overload
    def generate(self, modality: Literal["text"], prompt: str = "", **fields: Any) -> TextArtifact: ...

    @overload
    def generate(self, modality: Literal["image"], prompt: str = "", **fields: Any) -> ImageArtifact: ...

    @overload
    def generate(self, modality: Literal["audio"], prompt: str = "", **fields: Any) -> AudioArtifact: ...

    @overload
    def generate(self, modality: Literal["video"], prompt: str = "", **fields: Any) -> VideoArtifact: ...

    def generate(self, modality: Modality, prompt: str = "", **fields: Any) -> Artifact:
        """Makes one artifact.

        Args:
            modality: ``text``, ``image``, ``audio`` or ``video``.
            fields: of the modality's request type, such as ``seed=7``.

        Raises:
            AigcError: what the job failed with.
        """
        return self._wait(self.submit(make_request(modality, prompt, **fields)))

    def stream(self, modality: Modality, prompt: str = "", **fields: Any) -> Iterator[Event]:
        """Yields the events of one request as they come. Leaving the loop early cancels the job.

        Raises:
            AigcError: what the job failed with, after the ``Failed`` event.
        """
        job = self.submit(make_request(modality, prompt, **fields))
        try:
            yield from job.events()
        finally:
            job.cancel()
        job.result()

    def generate_many(self, requests: Iterable[Request]) -> list[Artifact | AigcError]:
        """Runs requests together, so that they batch. In the order given: an artifact, or the error of that item."""
        jobs = [self._submitted(request) for request in requests]
        return [job if isinstance(job, AigcError) else self._result(job, jobs) for job in jobs]

    def _submitted(self, request: Request) -> Job | AigcError:
        try:
            return self.submit(request)
        except AigcError as error:
            return error

    def _result(self, job: Job, jobs: Sequence[Job | AigcError]) -> Artifact | AigcError:
        try:
            return self._wait(job)
        except AigcError as error:
            return error
        except BaseException:
            for other in jobs:
                if isinstance(other, Job):
                    other.cancel()
            raise

    def _wait(self, job: Job) -> Artifact:
        try:
            return job.result()
        except BaseException:
            job.cancel()  # Ctrl-C while waiting: the model shall not go on for nobody
            raise

    def plan(self, request: Request, *, device: str | None = None) -> Plan:
        """How the request would run on this machine, measured now. Loads nothing."""
        return self.engine.plan(request, device=device, fresh=True)[1]

    def replay(self, receipt: Receipt | str | Path) -> ReplayResult:
        """Makes the artifact of a receipt (or of a receipt's file) again.

        Raises:
            InvalidRequest: the file is no receipt, or the receipt does not hold everything.
        """
        then = receipt if isinstance(receipt, Receipt) else read_receipt(Path(receipt))
        return compare(then, self._wait(self.submit(request_of(then))))

    def close(self) -> None:
        """Unloads all models. Jobs that still wait fail."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine_kind(settings: Settings) -> type[Engine]:
    if settings.engine.executor == "local":
        return Engine
    from .ray_engine import RayEngine

    return RayEngine


class AsyncClient:
    """The asyncio face of :class:`Client`; the same engine, the same jobs."""

    def __init__(self, client: Client | None = None, **arguments: Any) -> None:
        self._client = client
        self._arguments = arguments

    @property
    def client(self) -> Client:
        """The client underneath. Made when the context is entered, or when first used."""
        if self._client is None:
            self._client = Client(**self._arguments)
        return self._client

    async def submit(self, request: Request) -> AsyncJob:
        """As :meth:`Client.submit`."""
        if self.client.engine.at_once(request):
            return AsyncJob(self.client.submit(request))
        return AsyncJob(await asyncio.to_thread(self.client.submit, request))

    @overload
    async def generate(self, modality: Literal["text"], prompt: str = "", **fields: Any) -> TextArtifact: ...

    @overload
    async def generate(self, modality: Literal["image"], prompt: str = "", **fields: Any) -> ImageArtifact: ...

    @overload
    async def generate(self, modality: Literal["audio"], prompt: str = "", **fields: Any) -> AudioArtifact: ...

    @overload
    async def generate(self, modality: Literal["video"], prompt: str = "", **fields: Any) -> VideoArtifact: ...

    async def generate(self, modality: Modality, prompt: str = "", **fields: Any) -> Artifact:
        """As :meth:`Client.generate`. Cancelling the awaiting task cancels the job."""
        job = await self.submit(make_request(modality, prompt, **fields))
        try:
            return await job.result()
        finally:
            job.job.cancel()

    async def stream(self, modality: Modality, prompt: str = "", **fields: Any) -> AsyncIterator[Event]:
        """As :meth:`Client.stream`."""
        job = await self.submit(make_request(modality, prompt, **fields))
        try:
            async for event in job.events():
                yield event
        finally:
            job.job.cancel()
        await job.result()

    async def generate_many(self, requests: Iterable[Request]) -> list[Artifact | AigcError]:
        """As :meth:`Client.generate_many`."""
        return await asyncio.to_thread(self.client.generate_many, list(requests))

    async def plan(self, request: Request, *, device: str | None = None) -> Plan:
        """As :meth:`Client.plan`."""
        return await asyncio.to_thread(lambda: self.client.plan(request, device=device))

    async def replay(self, receipt: Receipt | str | Path) -> ReplayResult:
        """As :meth:`Client.replay`."""
        return await asyncio.to_thread(self.client.replay, receipt)

    async def close(self) -> None:
        """As :meth:`Client.close`."""
        if self._client is not None:
            await asyncio.to_thread(self._client.close)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(lambda: self.client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def make_request(modality: Modality, prompt: str = "", **fields: Any) -> Request:
    """A request of the modality's type. Raises InvalidRequest for an unknown modality or a wrong field."""
    if modality not in REQUESTS:
        raise InvalidRequest(f"unknown modality {modality!r}", fix=did_you_mean(str(modality), REQUESTS))
    return REQUESTS[modality](prompt=prompt, **fields)


def read_receipt(path: Path) -> Receipt:
    """A receipt from its JSON file. Raises InvalidRequest if the file is none."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"cannot read a receipt from {path}: {error}") from None
    if not isinstance(values, dict):
        raise InvalidRequest(f"{path} is not a receipt")
    return Receipt(**values)


_default: Client | None = None
_default_lock = threading.Lock()


def default_client() -> Client:
    """The client behind the module-level functions; made at first use, closed when the program ends."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Client()
            atexit.register(_default.close)
        return _default


@overload
def generate(modality: Literal["text"], prompt: str = "", **fields: Any) -> TextArtifact: ...


@overload
def generate(modality: Literal["image"], prompt: str = "", **fields: Any) -> ImageArtifact: ...


@overload
def generate(modality: Literal["audio"], prompt: str = "", **fields: Any) -> AudioArtifact: ...


@overload
def generate(modality: Literal["video"], prompt: str = "", **fields: Any) -> VideoArtifact: ...


def generate(modality: Modality, prompt: str = "", **fields: Any) -> Artifact:
    """As :meth:`Client.generate`, on the default client.

    >>> generate("text", "Name three colours of the sky").text  # doctest: +SKIP
    """
    return default_client().generate(modality, prompt, **fields)


def stream(modality: Modality, prompt: str = "", **fields: Any) -> Iterator[Event]:
    """As :meth:`Client.stream`, on the default client."""
    return default_client().stream(modality, prompt, **fields)
