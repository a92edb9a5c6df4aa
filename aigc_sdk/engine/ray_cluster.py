"""The Ray that an engine uses: joined or started, and the deployments whose replicas run the jobs."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pydantic import BaseModel

from .._version import __version__
from ..accelerators.candidates import wanted
from ..contract.errors import BrokenPlugin, InvalidRequest, MissingExtra, first_line
from ..registry import Entry
from ..settings import EngineSettings, LedgerSettings, RaySettings, Settings, TelemetrySettings

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

log = logging.getLogger(__name__)

DEPLOYMENT = "replica"
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to Ray's makers
    "RAY_ENABLE_AUTO_CONNECT": "0",  # whoever is disconnected stays so
    "RAY_SERVE_QUEUE_LENGTH_RESPONSE_DEADLINE_S": "1",  # of a replica with all cores busy
}
"""What is set before Ray is imported, if nobody has."""
_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # "0" is: listens on loopback, and not on all addresses
    "RAY_worker_niceness": "0",  # else what else runs here goes before the models
}
"""The same for a Ray of its own."""
_LEAVING_S = 3600.0
"""Longest that a replica which is not needed any more may take for the jobs it still has."""


class Place(BaseModel, frozen=True):
    """What a kind of replicas reserves of its nodes."""

    num_cpus: float
    num_gpus: float

    @property
    def whole_node(self) -> bool:
        """One to a node, for its models compute with all cores. With GPUs, these are what counts."""
        return not self.num_gpus


class RayCluster:
    """A connection to Ray.

    Raises:
        MissingExtra: Ray is not installed. InvalidRequest: there is none at the address.
    """

    def __init__(self, settings: Settings) -> None:
        if missing := [name for name in ("ray", "starlette") if find_spec(name) is None]:
            raise MissingExtra("ray", missing)
        self._settings = settings
        self._ray = settings.engine.ray
        self._handles: dict[Place, DeploymentHandle] = {}
        self._deploying = threading.Lock()
        self._joined = _join(self._ray)

    def place(self, entry: Entry, runner: str | None) -> Place:
        """Where a model's replicas go: on nodes with GPUs if it can use one, and the cluster has any.

        Args:
            runner: that the request names.
        """
        import ray

        own = self._ray.models.get(entry.card.id)
        cpus = own.num_cpus if own is not None and own.num_cpus is not None else self._ray.num_cpus
        gpus = own.num_gpus if own is not None and own.num_gpus is not None else self._ray.num_gpus
        if gpus is None:
            allowed = self._settings.engine.device in (None, "cuda", "rocm")
            gpus = float(allowed and _can_use_gpu(entry, runner) and ray.cluster_resources().get("GPU", 0) > 0)
        return Place(num_cpus=cpus, num_gpus=gpus)

    def handle(self, place: Place) -> DeploymentHandle:
        """The replicas of a place. Deployed at first use; those that another driver has deployed alike are shared.

        Raises:
            BrokenPlugin: they cannot be deployed.
        """
        with self._deploying:
            if place not in self._handles:
                try:
                    self._handles[place] = _deployed(self._settings, place)
                except Exception as error:
                    what = f"Ray Serve cannot start: {type(error).__name__}: {first_line(error)}"
                    raise BrokenPlugin(what, fix="ray status, and the logs in /tmp/ray/session_latest/logs") from error
            return self._handles[place]

    @staticmethod
    def driver() -> str:
        """How the cluster calls this process."""
        import ray

        return str(ray.get_runtime_context().get_job_id())

    def trouble(self, place: Place) -> str:
        """Why the replicas of a place do not start; empty if nothing is known."""
        from ray import serve

        with contextlib.suppress(Exception):
            app = serve.status().applications[_app_name(self._settings, place)]
            return " ".join(filter(None, (app.message, app.deployments[DEPLOYMENT].message)))
        return ""

    def close(self) -> None:
        """Leaves the cluster: replicas stay until they are idle, for the next driver. A Ray of its own ends with it."""
        import ray

        for handle in self._handles.values():
            with contextlib.suppress(Exception):
                handle.shutdown()
        self._handles.clear()
        if self._joined:
            ray.shutdown()


def _can_use_gpu(entry: Entry, runner: str | None) -> bool:
    fitting = [spec for spec in wanted(entry.card, entry.manifest, runner) if entry.card.format in spec.formats]
    return any({"cuda", "rocm"} & set(spec.devices) for spec in fitting)


def _join(settings: RaySettings) -> bool:
    """Connects, and starts a Ray if there is no address. Returns whether that was needed."""
    address = settings.address or os.environ.get("RAY_ADDRESS")
    for name, value in (_ENVIRONMENT | ({} if address else _ALONE)).items():
        os.environ.setdefault(name, value)
    import ray
    from ray import serve

    for name in ("ray", "ray.serve"):
        logging.getLogger(name).setLevel(logging.ERROR)
    joins = not ray.is_initialized()
    if joins:
        alone = {"address": "local", "include_dashboard": False}
        try:
            ray.init(**({"address": address} if address else alone), log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            fix = "`ray start --head` on the first machine, `ray start --address HOST:6379` on the others and here"
            raise InvalidRequest(f"no Ray at {address}: {first_line(error)}", fix=fix) from None
    serve.start(proxy_location="Disabled", logging_config={"log_level": "WARNING"})
    return joins


def replica_settings(settings: Settings) -> Settings:
    """What a replica's own client gets. The ledger, telemetry and secrets are the driver's business."""
    engine = settings.engine.model_copy(update={"executor": "local", "ray": RaySettings()})
    return Settings(
        offline=settings.offline,
        models=settings.models,
        engine=EngineSettings.model_validate(engine),
        ledger=LedgerSettings(enabled=False, energy=settings.ledger.energy),
        telemetry=TelemetrySettings(enabled=False),
        extra=settings.extra,
    )


def _app_name(settings: Settings, place: Place) -> str:
    """The same for drivers that would deploy the same."""
    parts = (__version__, place, replica_settings(settings), settings.engine.ray)
    alike = "\n".join(part.model_dump_json() if isinstance(part, BaseModel) else part for part in parts)
    return f"aigc-{hashlib.sha256(alike.encode()).hexdigest()[:12]}"


def _deployed(settings: Settings, place: Place) -> DeploymentHandle:
    from ray import serve

    name = _app_name(settings, place)
    app = serve.status().applications.get(name)
    if app is None or app.status in ("DEPLOY_FAILED", "DELETING"):  # it gets well by itself from UNHEALTHY
        from .ray_replica import Replica

        deployment = serve.deployment(name=DEPLOYMENT, **_options(settings.engine.ray, place))(Replica)
        bound = deployment.bind(replica_settings(settings).model_dump_json(), __version__, place.whole_node)
        target = serve.RunTarget(target=bound, name=name, route_prefix=None)
        serve.run_many([target], wait_for_applications_running=False)
    return serve.get_app_handle(name)


def _options(settings: RaySettings, place: Place) -> dict[str, object]:
    return {
        "max_ongoing_requests": settings.jobs_per_replica,
        "autoscaling_config": {
            "min_replicas": settings.min_replicas,
            "max_replicas": settings.max_replicas,
            "target_ongoing_requests": settings.jobs_per_replica,
            "upscale_delay_s": settings.upscale_delay_s,
            "downscale_delay_s": settings.idle_s,
            "metrics_interval_s": 0.5,
            "look_back_period_s": 1.0,
        },
        "ray_actor_options": {"num_cpus": place.num_cpus, "num_gpus": place.num_gpus},
        "max_replicas_per_node": 1 if place.whole_node else None,
        "graceful_shutdown_timeout_s": _LEAVING_S,
        "health_check_period_s": 2.0,
        "health_check_timeout_s": 60.0,
    }
