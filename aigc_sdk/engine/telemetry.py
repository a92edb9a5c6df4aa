"""A span for each job, and how long and how much it was, through OpenTelemetry. Off unless somebody asks for it.

opentelemetry is imported only when it is on; :mod:`telemetry_export` says where everything goes.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .._version import __version__
from ..contract.errors import AigcError, Cancelled, MissingExtra
from ..contract.events import Completed, Event, Failed
from ..contract.requests import Request
from ..settings import TelemetrySettings
from . import telemetry_names as names
from .job import Job

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from .telemetry_export import Export

log = logging.getLogger(__name__)

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The variable by which prompts and answers are put on spans: ``true``, ``span_only`` or ``span_and_event``."""
_ENDPOINT = re.compile(r"OTEL_EXPORTER_OTLP_((TRACES|METRICS)_)?ENDPOINT")
_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER")


def start(settings: TelemetrySettings, *, offline: bool) -> Telemetry | None:
    """Telemetry, or None if nobody asks for it.

    What only the environment asks for, and cannot be had, is one warning: the variables may be meant for others.

    Raises:
        MissingExtra: the settings ask for it, and opentelemetry is not installed.
        OfflineRefused: the settings ask for it, and it would need a socket.
    """
    if not _wanted(settings):
        return None
    try:
        return Telemetry(_export(offline))
    except AigcError as error:
        if settings.enabled:
            raise
        log.warning("telemetry is off, though OTEL_* variables are set: %s", error)
        return None


def _wanted(settings: TelemetrySettings) -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if settings.enabled is not None:
        return settings.enabled
    named = any(value and _ENDPOINT.fullmatch(name) for name, value in os.environ.items())
    return named or any(os.environ.get(name) == "otlp" for name in _EXPORTERS)


def _export(offline: bool) -> Export:
    try:
        from .telemetry_export import Export

        return Export(offline=offline)
    except ImportError as error:
        raise MissingExtra("otel", [str(error.name)]) from None


class Telemetry:
    """Follows jobs. Thread-safe.

    Attributes:
        tracer: makes the spans.
        captures: prompts and answers are put on spans.
    """

    def __init__(self, export: Export) -> None:
        from opentelemetry import trace

        self._trace = trace
        self._export = export
        self.tracer = export.tracers.get_tracer("aigc_sdk", __version__)
        meter = export.meters.get_meter("aigc_sdk", __version__)
        self._duration = meter.create_histogram(
            names.DURATION, "s", "How long jobs took.", explicit_bucket_boundaries_advisory=names.DURATION_BOUNDS
        )
        self._tokens = meter.create_histogram(
            names.TOKENS, "{token}", "Tokens read and written.", explicit_bucket_boundaries_advisory=names.TOKENS_BOUNDS
        )
        self.captures = os.environ.get(CAPTURE, "").lower() in ("true", "span_only", "span_and_event")
        self._spans: dict[str, Span] = {}

    def follow(self, job: Job, request: Request, model: str, plugin: str) -> None:
        """Gives a job that was just submitted its span, a child of the span that the calling thread is in.

        Args:
            request: resolved. model, plugin: what runs it.
        """
        asked = names.asked(request, model, plugin)
        began = time.time_ns() - round((time.perf_counter() - job.submitted) * 1e9)
        span = self.tracer.start_span(
            f"{asked[names.OPERATION]} {asked[names.REQUEST_MODEL]}",
            kind=self._trace.SpanKind.INTERNAL,  # the model runs in this process
            attributes={**asked, names.RESPONSE_ID: job.id},
            start_time=began,
        )
        if self.captures:
            span.set_attributes(names.words_in(request))
        self._spans[job.id] = span
        measured = {name: asked[name] for name in names.MEASURED}
        job.on_end(functools.partial(self._ended, job, span, began, measured))

    @contextlib.contextmanager
    def within(self, asker: Job) -> Iterator[None]:
        """What is submitted in the block is for a running job: its span is the parent."""
        if (span := self._spans.get(asker.id)) is None:
            yield
            return
        with self._trace.use_span(span, record_exception=False, set_status_on_exception=False):
            yield

    def _ended(self, job: Job, span: Span, began: int, measured: names.Attributes, last: Event) -> None:
        self._spans.pop(job.id, None)
        timings = dict(job.timings)
        span.set_attributes({f"aigc.seconds.{phase}": seconds for phase, seconds in timings.items()})
        for phase, event in (("queued", "aigc.started"), ("first_output", "aigc.first_output")):
            if phase in timings:
                span.add_event(event, timestamp=began + round(timings[phase] * 1e9))
        if isinstance(last, Completed):
            self._completed(span, last, timings, measured)
        elif isinstance(last, Failed):
            measured = {**measured, names.ERROR: last.error.code}
            self._failed(span, last.error)
        self._duration.record(time.perf_counter() - job.submitted, measured)
        span.end()

    def _completed(self, span: Span, last: Completed, timings: dict[str, float], measured: names.Attributes) -> None:
        span.set_attributes(names.answered(last.artifact, last.units, timings))
        if self.captures:
            span.set_attributes(names.words_out(last.artifact))
        for kind in ("input", "output"):
            if tokens := last.units.get(f"{kind}_tokens"):
                self._tokens.record(round(tokens), {**measured, names.TOKEN_TYPE: kind})

    def _failed(self, span: Span, error: AigcError) -> None:
        span.set_attribute(names.ERROR, error.code)
        if not isinstance(error, Cancelled):  # somebody wanted it to end
            # What happened may quote the prompt.
            what = error.what if self.captures else None
            span.set_status(self._trace.StatusCode.ERROR, what)

    def close(self) -> None:
        """Sends what is left, as far as somebody takes it."""
        self._export.close()
