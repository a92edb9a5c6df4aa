"""What is counted, for Prometheus. Prompts, answers and keys are in none of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..engine.engine import Engine
from ..ledger.job_queue_rows import QueueState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
KNOWN_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

router = APIRouter()


@router.get("/metrics")
async def metrics(http: Request) -> Response:
    """All counters, as Prometheus reads them."""
    found: Metrics = http.app.state.aigc.metrics
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE)


class Metrics:
    """The counters of one server; two servers in one process do not share any.

    Attributes:
        queue: how many durable jobs are in each state, as last counted.
    """

    def __init__(self, engine: Engine) -> None:
        self.registry = CollectorRegistry()
        self._children: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._requests = Counter(
            "aigc_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._duration = Histogram(
            "aigc_http_request_duration_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge("aigc_http_requests_in_flight", "Requests being answered.", registry=self.registry)
        self._first = Histogram(
            "aigc_time_to_first_output_seconds",
            "From a job's submission to the first piece of its output.",
            ("model",),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._jobs = Counter("aigc_jobs", "Jobs ended.", ("model", "outcome"), registry=self.registry)
        self._units = Counter("aigc_units", "What jobs read and made.", ("model", "unit"), registry=self.registry)
        self.queue: Mapping[QueueState, int] = {}
        self.registry.register(_Residents(engine))
        self.registry.register(_Queue(self))

    def _of(self, metric: Any, *labels: str) -> Any:
        """``metric.labels(*labels)``, which takes longer than counting does. Labels are few: none is a client's."""
        child = self._children.get((metric, labels))
        if child is None:
            child = self._children[metric, labels] = metric.labels(*labels)
        return child

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._of(self._requests, method if method in KNOWN_METHODS else "other", route, str(status)).inc()
        self._of(self._duration, route).observe(seconds)

    def first_output(self, model: str, seconds: float) -> None:
        """A job gave out its first piece."""
        self._of(self._first, model).observe(seconds)

    def job_ended(self, model: str, outcome: str, units: Mapping[str, float]) -> None:
        """A job ended as ``completed``, ``failed`` or ``cancelled``."""
        self._of(self._jobs, model, outcome).inc()
        for unit, amount in units.items():
            self._of(self._units, model, unit).inc(max(0.0, amount))


class _Queue(Collector):
    """The durable jobs of the database, which other servers may work on, too."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("aigc_queue_jobs", "Durable jobs in the database.", labels=("state",))
        for state, count in sorted(self._metrics.queue.items()):
            jobs.add_metric((state,), count)
        return [jobs]


class _Residents(Collector):
    """What the engine holds at the moment it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        loaded = GaugeMetricFamily("aigc_model_resident", "1 for a model in memory.", labels=("model", "device"))
        pending = GaugeMetricFamily("aigc_jobs_pending", "Jobs that wait or run.", labels=("model", "device"))
        held: dict[tuple[str, str], tuple[int, int]] = {}
        for model in self._engine.held():
            name = (model.model, model.device)
            is_loaded, count = held.get(name, (0, 0))
            held[name] = (is_loaded | model.loaded, count + model.pending)
        for name, (is_loaded, count) in sorted(held.items()):
            loaded.add_metric(name, is_loaded)
            pending.add_metric(name, count)
        return [loaded, pending]
