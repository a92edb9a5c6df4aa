"""What runs on a node: an ordinary client in a replica of Ray Serve. Only the driver's handle calls it, never HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
from collections.abc import AsyncGenerator

import ray
from ray import serve

from .._version import __version__
from ..contract import errors
from ..contract.errors import (
    AigcError,
    BrokenPlugin,
    MissingExtra,
    OutOfMemory,
    StoreError,
    UnknownModel,
    UnknownPlugin,
)
from ..contract.events import Completed, Event, Failed, Queued
from ..registry import Hooks
from ..registry import load as load_registry
from ..settings import Settings
from .client import Client
from .job import AsyncJob, Job
from .ray_orphans import Orphans
from .ray_wire import Sent, pack_events, pack_no_plan, pack_plan, pack_taken

log = logging.getLogger(__name__)

_OF_THE_NODE = (MissingExtra, BrokenPlugin, UnknownModel, UnknownPlugin, StoreError, OutOfMemory)
"""Errors that may well not come up on another node."""


class Replica:
    """Runs jobs on its node.

    Args:
        settings: as JSON, made by :func:`~aigc_sdk.engine.ray_cluster.replica_settings`.
        version: of the driver's aigc-sdk.
        whole_node: it is the only one on its node, and computes with all cores.
    """

    def __init__(self, settings: str, version: str, whole_node: bool) -> None:
        if whole_node:
            _take_all_cores()
        self.node = f"{platform.node()}/{ray.get_runtime_context().get_node_id()[:8]}"
        self._driver_version = version
        self._orphans = Orphans()
        found = Settings.model_validate_json(settings)
        registry = load_registry()
        # The driver's hooks are around the whole job; those of the node would do it twice.
        registry.hooks = Hooks()
        self._client = Client(settings=found, registry=registry)

        async def held(model: str) -> str:
            return model  # the client itself loads and evicts; Ray is told who has which model

        self._held = serve.multiplexed(held, max_num_models_per_replica=found.engine.max_resident)

    async def run(self, blob: bytes) -> AsyncGenerator[bytes, None]:
        """Runs a job. Its events come as they are; a task that is cancelled cancels the job."""
        yield pack_taken(self.node)
        await self._held(serve.get_multiplexed_model_id())
        try:
            job, driver = await asyncio.to_thread(self._submitted, blob)
        except AigcError as error:
            for answer in pack_events([Failed(self._placed(error))]):
                yield answer
            return
        async with self._orphans.watching(job, driver), contextlib.aclosing(_together(job)) as batches:
            async for events in batches:
                for answer in pack_events(self._told(event) for event in events if not isinstance(event, Queued)):
                    yield answer

    async def plan(self, blob: bytes) -> bytes:
        """The plan of a job's request on this node, or why there is none."""
        try:
            return pack_plan(await asyncio.to_thread(lambda: self._client.plan(self._read(blob).request)))
        except AigcError as error:
            return pack_no_plan(self._placed(error))

    def _submitted(self, blob: bytes) -> tuple[Job, str]:
        sent = self._read(blob)
        return self._client.submit(sent.request, owner=sent.owner, priority=sent.priority), sent.driver

    def _read(self, blob: bytes) -> Sent:
        """Raises UnknownPlugin or BrokenPlugin if this node has not what the driver has: results would differ."""
        if self._driver_version != __version__:
            what = f"it has aigc-sdk {__version__}, and the driver has {self._driver_version}"
            raise BrokenPlugin(what, fix=f"pip install aigc-sdk=={self._driver_version} there")
        sent = Sent.unpacked(blob)
        self._require_plugin(sent)
        return sent

    def _require_plugin(self, sent: Sent) -> None:
        package = sent.distribution or sent.plugin
        found = [info for info in self._client.registry.plugins() if info.name == sent.plugin and not info.disabled]
        if not found:
            what = f"plugin {sent.plugin!r} of package {package!r} is not there"
            raise UnknownPlugin(what, plugin=sent.plugin, fix=f"pip install {package}=={sent.version} there")
        if found[0].error is not None:
            raise found[0].error
        if found[0].version != sent.version:
            what = f"{package!r} has version {found[0].version}, and the driver's has {sent.version}"
            raise BrokenPlugin(what, plugin=sent.plugin, fix=f"pip install {package}=={sent.version} there")

    def _told(self, event: Event) -> Event:
        return Failed(self._placed(event.error)) if isinstance(event, Failed) else event

    def _placed(self, error: AigcError) -> AigcError:
        """The error with the node's name, where that matters."""
        if not isinstance(error, _OF_THE_NODE):
            return error
        named: AigcError = errors._rebuild(type(error), vars(error) | {"what": f"node {self.node}: {error.what}"})
        return named


def _take_all_cores() -> None:
    """Undoes what Ray does to a process that reserves one core, unless somebody has set it for the node."""
    import psutil

    name = "OMP_NUM_THREADS"
    with contextlib.suppress(psutil.Error):
        raylet = psutil.Process().parent()
        if raylet is not None and name not in raylet.environ():
            os.environ.pop(name, None)


async def _together(job: Job) -> AsyncGenerator[list[Event], None]:
    """The events of a job, those that came meanwhile together. Whoever leaves early cancels the job."""
    came: asyncio.Queue[Event] = asyncio.Queue()

    async def watch() -> None:
        async for event in AsyncJob(job).events():
            came.put_nowait(event)

    watching = asyncio.create_task(watch())
    try:
        while True:
            events = [await came.get()]
            while not came.empty():
                events.append(came.get_nowait())
            yield events
            if isinstance(events[-1], (Completed, Failed)):
                return
    finally:
        watching.cancel()
        job.cancel()
