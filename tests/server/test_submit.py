"""Where requests are submitted: in the event loop's thread only if that waits for nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.hooks import hookimpl

from .conftest import Serve

BODY = {"messages": [{"role": "user", "content": "a b"}]}


@pytest.fixture
def threads(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads in which requests are submitted."""
    found: list[str] = []
    submit = client.submit

    def noted(request: Any, **how: Any) -> Any:
        found.append(threading.current_thread().name)
        return submit(request, **how)

    monkeypatch.setattr(client, "submit", noted)
    return found


def test_the_first_request_of_a_model_is_not_waited_for(client: Client, serve: Serve, threads: list[str]) -> None:
    with serve(client, aliases={"gpt-4o": "default"}).http() as http:
        for model in ("default", "default", "gpt-4o", "echo-slow", "echo-slow"):
            assert http.post("/chat/completions", json={**BODY, "model": model}).status_code == 200
    first, second, alias, other, again = threads
    assert second == alias == again
    assert second not in (first, other)


def test_hooks_may_take_their_time(client: Client, serve: Serve, threads: list[str]) -> None:
    class Slow:
        @hookimpl
        def before_generate(self, request: Any) -> None:
            threads.append("hook in " + threading.current_thread().name)

    with serve(client).http() as http:
        for _ in range(2):
            assert http.post("/chat/completions", json=BODY).status_code == 200
        before = threads[-1]
        client.registry.hooks.register(Slow(), "slow")
        assert http.post("/chat/completions", json=BODY).status_code == 200
    submitted, hooked = threads[-2:]
    assert submitted != before
    assert hooked == f"hook in {submitted}"
