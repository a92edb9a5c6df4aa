"""Jobs that the frameworks submitted, so that tests see what became of them."""

from __future__ import annotations

import os

import pytest

from aigc_sdk import Client, Job, Request

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")  # read when haystack is imported


@pytest.fixture
def jobs(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Every job of the test's client, in the order submitted."""
    seen: list[Job] = []
    submit = client.submit

    def recorded(request: Request) -> Job:
        seen.append(submit(request))
        return seen[-1]

    monkeypatch.setattr(client, "submit", recorded)
    return seen
