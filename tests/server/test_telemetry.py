"""Spans of requests and their jobs: kept in memory, and as a collector gets them from ``aigc serve``."""

from __future__ import annotations

import gzip
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc_sdk import Client
from aigc_sdk.engine.telemetry import Telemetry
from tests.engine.test_telemetry import Kept

from .conftest import Serve, Served, wait_until
from .test_run import Process

pytest.importorskip("opentelemetry.sdk")

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def traced(client: Client, serve: Serve, kept: Kept) -> Served:
    client.engine.telemetry = Telemetry(kept)  # type: ignore[arg-type]
    return serve(client)


@pytest.mark.parametrize("stream", [False, True])
def test_the_callers_trace_goes_on_in_the_jobs(traced: Served, kept: Kept, stream: bool) -> None:
    body = {"prompt": "one two", "n": 2, "stream": stream}
    httpx.post(f"{traced.url}/completions", json=body, headers=PARENT).raise_for_status()
    wait_until(lambda: len(kept._spans.get_finished_spans()) == 3)
    request, *jobs = kept.spans("POST /v1/completions", "text_completion echo", "text_completion echo")
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == CALLER
    assert [job.parent.span_id for job in jobs] == [request.context.span_id] * 2
    assert request.kind.name == "SERVER"
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/v1/completions",
        "url.path": "/v1/completions",
        "url.scheme": "http",
    }


def test_a_durable_job_belongs_to_the_trace_of_its_request(traced: Served, kept: Kept) -> None:
    for headers in (PARENT, {}):
        body = {"modality": "text", "prompt": "one two"}
        url = httpx.post(f"{traced.url}/jobs", json=body, headers=headers).raise_for_status().headers["location"]
        wait_until(lambda url=url: httpx.get(traced.url[:-3] + url).json()["state"] == "completed")
    by_name: dict[str, list[Any]] = {}
    for span in kept._spans.get_finished_spans():
        by_name.setdefault(span.name, []).append(span)
    requests, jobs = by_name["POST /v1/jobs"], by_name["chat echo"]
    assert [job.parent.span_id for job in jobs] == [request.context.span_id for request in requests]
    assert f"{jobs[0].context.trace_id:032x}" == TRACE
    assert jobs[1].context.trace_id != jobs[0].context.trace_id


def test_without_a_caller_the_request_is_the_root(traced: Served, kept: Kept) -> None:
    for headers in ({}, {"traceparent": "nonsense"}):
        httpx.get(f"{traced.url}/models", headers=headers)
    wait_until(lambda: len(kept._spans.get_finished_spans()) == 2)
    assert [span.parent for span in kept.spans("GET /v1/models", "GET /v1/models")] == [None, None]


def test_refusals_and_accidents(traced: Served, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    httpx.post(f"{traced.url}/completions", json={"promt": "secret"})

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(traced.state, "submit", broken)
    httpx.post(f"{traced.url}/completions", json={"prompt": "secret"})
    wait_until(lambda: len(kept._spans.get_finished_spans()) == 2)
    refused, broke = kept.spans("POST /v1/completions", "POST /v1/completions")
    assert refused.attributes["http.response.status_code"] == 400
    assert refused.status.is_unset
    assert broke.attributes["error.type"] == "RuntimeError"
    assert broke.status.status_code.name == "ERROR"
    assert "secret" not in refused.to_json() + broke.to_json()


def test_who_looks_after_the_server_leaves_no_spans(traced: Served, kept: Kept) -> None:
    root = traced.url.removesuffix("/v1")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert httpx.get(root + path).status_code == 200
    kept.spans()


# --- to a collector -----------------------------------------------------------------------------------------------


class Collector:
    """Takes what OTLP over HTTP brings."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                packed = self.headers.get("Content-Encoding") == "gzip"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                collector.got.append((self.path, gzip.decompress(body) if packed else body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def spans(self) -> dict[str, Any]:
        """By name, with the resource's attributes beside each."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        parsed = [ExportTraceServiceRequest.FromString(body) for path, body in self.got if path == "/v1/traces"]
        return {
            span.name: (span, {entry.key: entry.value.string_value for entry in resource.resource.attributes})
            for message in parsed
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    @property
    def measures(self) -> set[str]:
        """The names of what was measured."""
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

        parsed = [ExportMetricsServiceRequest.FromString(body) for path, body in self.got if path == "/v1/metrics"]
        return {
            metric.name
            for message in parsed
            for resource in message.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def test_what_a_collector_gets(collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    process = Process(tmp_path)
    try:
        body = {"messages": [{"role": "user", "content": "secret words"}], "stream": True}
        httpx.post(f"{process.url}/chat/completions", json=body, headers=PARENT, timeout=60).raise_for_status()
        process.signal(signal.SIGTERM)
        assert process.ends() == 0
    finally:
        process.stop()
    spans = collector.spans
    request, resource = spans["POST /v1/chat/completions"]
    job, _ = spans["chat echo"]
    assert resource["service.name"] == "aigc-sdk"
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
    assert job.parent_span_id == request.span_id
    assert {"gen_ai.operation.name", "gen_ai.usage.output_tokens"} <= {entry.key for entry in job.attributes}
    assert collector.measures == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}
    assert b"secret" not in b"".join(body for _, body in collector.got)
