"""Spans and measures of jobs, kept in memory by OpenTelemetry's own exporters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from aigc_sdk import Client, TextArtifact
from aigc_sdk.contract.errors import AigcError, MissingExtra, OfflineRefused
from aigc_sdk.contract.requests import Message, TextRequest, ToolCall
from aigc_sdk.engine import telemetry
from aigc_sdk.engine import telemetry_names as names
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings, TelemetrySettings
from aigc_sdk.testing import echo_registry
from tests.engine.asker import ASKER

pytest.importorskip("opentelemetry.sdk")


class Kept:
    """Where spans and measures go in place of a collector."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self._reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def spans(self, *names: str) -> list[Any]:
        """Those that have ended, which must have these names."""
        found = sorted(self._spans.get_finished_spans(), key=lambda span: span.start_time)
        assert [span.name for span in found] == list(names)
        return found

    def measured(self, name: str) -> list[Any]:
        """The points of a histogram."""
        data = self._reader.get_metrics_data()
        assert data is not None
        found = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics if m.name == name]
        return [point for metric in found for point in metric.data.data_points]


@pytest.fixture
def registry() -> Registry:
    registry = echo_registry()
    registry.add(ASKER)
    return registry


@pytest.fixture(autouse=True)
def _nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def watched(registry: Registry, kept: Kept) -> Client:
    client = Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)
    client.engine.telemetry = telemetry.Telemetry(kept)  # type: ignore[arg-type]
    return client


@pytest.fixture
def client(registry: Registry, kept: Kept) -> Iterator[Client]:
    with watched(registry, kept) as client:
        yield client


def test_a_span_tells_what_was_asked_and_answered(client: Client, kept: Kept) -> None:
    made = client.generate("text", "one two three", seed=7, temperature=0.5, max_tokens=2, stop=("x",))
    (span,) = kept.spans("chat echo")
    assert made.receipt is not None
    told = dict(span.attributes)
    seconds = {name: told.pop(name) for name in list(told) if ".seconds." in name or "time_to_first" in name}
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "echo",
        "gen_ai.request.model": "echo",
        "gen_ai.response.model": "echo",
        "gen_ai.response.id": made.receipt.job,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.output.type": "text",
        "gen_ai.request.seed": 7,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 2,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "aigc.task": "chat",
    }
    assert set(seconds) == {
        "aigc.seconds.load",
        "aigc.seconds.preprocess",
        "aigc.seconds.queued",
        "aigc.seconds.first_output",
        "aigc.seconds.run",
        "gen_ai.response.time_to_first_chunk",
    }
    assert span.status.is_ok or span.status.is_unset


def test_the_events_lie_within_the_span(client: Client, kept: Kept) -> None:
    client.generate("text", "one two")
    (span,) = kept.spans("chat echo")
    started, first = span.events
    assert (started.name, first.name) == ("aigc.started", "aigc.first_output")
    assert span.start_time <= started.timestamp <= first.timestamp <= span.end_time


@pytest.mark.parametrize(
    ("fields", "operation", "output"),
    [
        ({"task": "text-generation"}, "text_completion", "text"),
        ({"json_schema": {"type": "object"}}, "chat", "json"),
    ],
)
def test_operations_and_outputs(
    client: Client, kept: Kept, fields: dict[str, Any], operation: str, output: str
) -> None:
    client.generate("text", "one", **fields)
    (span,) = kept.spans(f"{operation} echo")
    assert span.attributes["gen_ai.output.type"] == output


def test_measures(client: Client, kept: Kept) -> None:
    for _ in range(2):
        client.generate("text", "one two three")
    with pytest.raises(AigcError):
        client.generate("text", "one two", options={"fail": "error"})
    durations = kept.measured("gen_ai.client.operation.duration")
    assert {(point.attributes.get("error.type"), point.count) for point in durations} == {
        (None, 2),
        ("broken_plugin", 1),
    }
    common = {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model"}
    assert set(durations[0].attributes) == common
    tokens = {point.attributes["gen_ai.token.type"]: point.sum for point in kept.measured("gen_ai.client.token.usage")}
    assert tokens == {"input": 6, "output": 6}


def test_a_failure_is_told_without_what_it_quotes(client: Client, kept: Kept) -> None:
    with pytest.raises(AigcError):
        client.generate("text", "one two", options={"fail": "error"})
    (span,) = kept.spans("chat echo")
    assert span.attributes["error.type"] == "broken_plugin"
    assert span.status.status_code.name == "ERROR"
    assert span.status.description is None


def test_what_somebody_stopped_is_no_error(client: Client, kept: Kept) -> None:
    job = client.submit(TextRequest(prompt="w " * 1000, options={"delay_ms": 5.0}))
    job.cancel()
    (span,) = kept.spans("chat echo")
    assert span.attributes["error.type"] == "cancelled"
    assert span.status.is_unset


def test_what_a_job_asks_for_is_its_child(client: Client, kept: Kept) -> None:
    client.generate("text", "echo:one two", model="asker")
    parent, child = kept.spans("chat asker", "chat echo")
    assert child.parent.span_id == parent.context.span_id
    assert parent.parent is None


def test_the_callers_span_is_the_parent(client: Client, kept: Kept) -> None:
    with kept.tracers.get_tracer("program").start_as_current_span("outer") as outer:
        client.generate("text", "one")
    _, span = kept.spans("outer", "chat echo")
    assert span.parent.span_id == outer.get_span_context().span_id


def test_prompts_and_answers_are_captured_only_if_asked_for(
    registry: Registry, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(registry, kept) as client:
        client.generate("text", "secret words", system="secret rule")
    assert "secret" not in repr([(span.attributes, span.events) for span in kept.spans("chat echo")])

    monkeypatch.setenv(telemetry.CAPTURE, "true")
    told = Kept()
    with watched(registry, told) as client:
        client.generate("text", "secret words", system="secret rule")
    (span,) = told.spans("chat echo")
    assert json.loads(span.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "secret words"}]}
    ]
    assert json.loads(span.attributes["gen_ai.system_instructions"])[0]["content"] == "secret rule"
    (answer,) = json.loads(span.attributes["gen_ai.output.messages"])
    assert answer["parts"][0]["content"] == "secret words"
    assert answer["finish_reason"] == "stop"


def test_calls_of_functions_are_captured_as_such() -> None:
    asked = TextRequest(
        messages=(
            Message(role="user", content="how warm is it?"),
            Message(role="assistant", content="", tool_calls=(ToolCall(name="weather", arguments={"city": "Bonn"}),)),
            Message(role="tool", content="21 C", tool="weather"),
            Message(role="user", content="and tomorrow?"),
        )
    )
    turns = json.loads(names.words_in(asked)["gen_ai.input.messages"])
    kinds = [part["type"] for turn in turns for part in turn["parts"]]
    assert kinds == ["text", "tool_call", "tool_call_response", "text"]
    made = TextArtifact(text="", tool_calls=({"name": "weather", "arguments": {"city": "Bonn"}},))
    (answer,) = json.loads(names.words_out(made)["gen_ai.output.messages"])
    assert answer["parts"] == [{"type": "tool_call", "name": "weather", "arguments": {"city": "Bonn"}}]


def test_vectors() -> None:
    asked = names.asked(TextRequest(task="feature-extraction", prompt="x", dimensions=8), "letters", "letters")
    assert asked["gen_ai.operation.name"] == "embeddings"
    assert asked["gen_ai.embeddings.dimension.count"] == 8
    assert "gen_ai.output.type" not in asked


def test_nothing_is_kept_of_jobs_that_ended(client: Client, kept: Kept) -> None:
    client.generate("text", "one")
    assert client.engine.telemetry is not None
    assert not client.engine.telemetry._spans
    client.close()
    assert kept.closed


# --- on and off ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("enabled", "environment", "is_on"),
    [
        (None, {}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        (None, {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:9"}, True),
        (None, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:9"}, False),
        (None, {"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (None, {"OTEL_TRACES_EXPORTER": "none"}, False),
        (False, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, False),
        (True, {}, True),
        (True, {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_who_switches_it_on(
    monkeypatch: pytest.MonkeyPatch, enabled: bool | None, environment: dict[str, str], is_on: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    started = telemetry.start(TelemetrySettings(enabled=enabled), offline=False)
    assert (started is not None) is is_on
    if started is not None:
        started.close()


def test_offline_opens_no_socket(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OfflineRefused):
        telemetry.start(TelemetrySettings(enabled=True), offline=True)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    assert telemetry.start(TelemetrySettings(), offline=True) is None
    assert "telemetry is off" in caplog.text


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delitem(sys.modules, "aigc_sdk.engine.telemetry_export", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(MissingExtra, match=r"aigc-sdk\[otel\]"):
        telemetry.start(TelemetrySettings(enabled=True), offline=False)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    assert telemetry.start(TelemetrySettings(), offline=False) is None
    assert "aigc-sdk[otel]" in caplog.text


def run_python(program: str, **environment: str) -> str:
    """What a program prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=clean | environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ONE_JOB = """
from aigc_sdk import Client
from aigc_sdk.settings import LedgerSettings, Settings, TelemetrySettings
from aigc_sdk.testing import echo_registry
def one_job(enabled=None):
    settings = Settings(ledger=LedgerSettings(enabled=False), telemetry=TelemetrySettings(enabled=enabled))
    with Client(settings=settings, registry=echo_registry()) as client:
        client.generate("text", "one two")
"""


def test_off_means_that_nothing_of_it_is_imported() -> None:
    program = ONE_JOB + "one_job()\nimport sys; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    assert run_python(program).strip() == "[]"


def test_a_program_that_has_set_up_opentelemetry_gets_the_spans() -> None:
    program = ONE_JOB + (
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda s: s.name + chr(10))))\n"
        "trace.set_tracer_provider(provider)\n"
        "one_job(enabled=True)\n"
    )
    assert run_python(program, AIGC_OFFLINE="1").strip() == "chat echo"


def test_a_collector_that_is_not_there_holds_nobody_up() -> None:
    program = ONE_JOB + "one_job(); print('done')"
    assert run_python(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9").strip() == "done"
