"""Where spans and measures go: to the program's own OpenTelemetry, or by OTLP over HTTP to a collector.

Imports opentelemetry; only :mod:`telemetry` imports this, when it is switched on.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.trace import NoOpTracerProvider, TracerProvider

from .._version import __version__
from ..contract.errors import OfflineRefused

log = logging.getLogger(__name__)

_FAREWELL_S = 3.0
"""Longest that closing waits for a collector that does not answer."""


class Export:
    """Who takes spans and measures. The standard environment variables say where to, and how often.

    Where the program has set up OpenTelemetry, it is its own affair where they go.

    Raises:
        OfflineRefused: they would have to be sent, and no socket may be opened.
    """

    def __init__(self, *, offline: bool) -> None:
        self._own: list[SdkTracerProvider | SdkMeterProvider] = []
        theirs = trace.get_tracer_provider(), metrics.get_meter_provider()
        self.tracers: TracerProvider = theirs[0]
        self.meters: MeterProvider = theirs[1]
        if any(isinstance(provider, (SdkTracerProvider, SdkMeterProvider)) for provider in theirs):
            return
        if offline:
            raise OfflineRefused("telemetry is sent through a socket, and offline none is opened")
        resource = _resource()
        self.tracers = self._sends_spans(resource) if _otlp("OTEL_TRACES_EXPORTER") else NoOpTracerProvider()
        self.meters = self._sends_measures(resource) if _otlp("OTEL_METRICS_EXPORTER") else NoOpMeterProvider()
        atexit.register(self.close)

    def _sends_spans(self, resource: Resource) -> TracerProvider:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = SdkTracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._own.append(provider)
        return provider

    def _sends_measures(self, resource: Resource) -> MeterProvider:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        provider = SdkMeterProvider(
            [PeriodicExportingMetricReader(OTLPMetricExporter())], resource, shutdown_on_exit=False
        )
        self._own.append(provider)
        return provider

    def close(self) -> None:
        """Sends what is left. A collector that does not answer is waited for a few seconds only."""
        atexit.unregister(self.close)
        closing = [threading.Thread(target=provider.shutdown, daemon=True) for provider in self._own]
        self._own = []
        for thread in closing:
            thread.start()
        until = time.monotonic() + _FAREWELL_S
        for thread in closing:
            thread.join(max(0.0, until - time.monotonic()))


def _otlp(variable: str) -> bool:
    """Whether a kind is sent: by default it is; ``none`` means no, and so does what is not known here."""
    wanted = os.environ.get(variable) or "otlp"
    if wanted not in ("otlp", "none"):
        log.warning("%s=%s: only otlp and none are known here; nothing is sent", variable, wanted)
    return wanted == "otlp"


def _resource() -> Resource:
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({SERVICE_VERSION: __version__} | ({} if named else {SERVICE_NAME: "aigc-sdk"}))
