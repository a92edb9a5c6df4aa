"""A span for each HTTP request, a child of the caller's (W3C ``traceparent``); the jobs' spans are its children."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .metrics import KNOWN_METHODS

if TYPE_CHECKING:
    from ..engine.telemetry import Telemetry

_UNWATCHED = frozenset(["/healthz", "/readyz", "/metrics"])
"""Paths that machines ask every few seconds."""


class Traced:
    """ASGI middleware; only there when telemetry is on."""

    def __init__(self, app: Any, telemetry: Telemetry) -> None:
        self._app = app
        self._tracer = telemetry.tracer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] in _UNWATCHED:
            await self._app(scope, receive, send)
            return
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind, StatusCode

        method = scope["method"] if scope["method"] in KNOWN_METHODS else "HTTP"
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracer.start_as_current_span(
            method,
            context=propagate.extract(headers),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": "_OTHER" if method == "HTTP" else method,
                "url.scheme": scope["scheme"],
                "url.path": scope["path"],
            },
            # What happened may quote a prompt.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def noted(message: Any) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self._app(scope, receive, noted)
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise
            finally:
                if route := getattr(scope.get("route"), "path", None):
                    span.set_attribute("http.route", route)
                    span.update_name(f"{method} {route}")


def carried(telemetry: Telemetry | None) -> dict[str, Any]:
    """What a durable job keeps of the request that it came with, so that its spans belong to the same trace."""
    carrier: dict[str, str] = {}
    if telemetry is not None:
        from opentelemetry import propagate

        propagate.inject(carrier)
    return {"trace": carrier} if carrier else {}


@contextlib.contextmanager
def going_on(telemetry: Telemetry | None, kept: Mapping[str, Any]) -> Iterator[None]:
    """What is submitted in the block belongs to the trace that was :func:`carried`, and else to none."""
    if telemetry is None:
        yield
        return
    from opentelemetry import context, propagate

    token = context.attach(propagate.extract(kept.get("trace", {}), context=context.Context()))
    try:
        yield
    finally:
        context.detach(token)
