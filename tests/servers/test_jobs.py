"""Durable jobs over HTTP, with their queue in a real PostgreSQL that goes away and comes back."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from aigc_sdk import Client
from aigc_sdk.settings import LedgerSettings, Settings
from tests.server.conftest import running, wait_until
from tests.server.makers import CLIP, Small, small_client
from tests.server.test_jobs import code, ended, left
from tests.server.test_jobs_events import followed
from tests.servers.postgres import Postgres, create, install

pytestmark = pytest.mark.servers


@pytest.fixture
def database(tmp_path: Path) -> Postgres:
    """A server of the test's own, to be stopped and started."""
    return create(tmp_path / "postgres", install())


def client_of(database: Postgres) -> Client:
    """A client of small plugins whose ledger is there."""
    with small_client() as small:
        return Client(settings=Settings(ledger=LedgerSettings(url=database.url)), registry=small.registry)


def test_what_runs_goes_on_while_the_database_is_gone(database: Postgres) -> None:
    with client_of(database) as client, contextlib.ExitStack() as up:
        up.enter_context(database.started())
        with running(client) as served, served.http() as http:
            ended(http, left(http, prompt="x"))
            id = left(http, modality="video", prompt="a ball", options={"wait": True})
            wait_until(lambda: len(Small.asked) == 1)
            with followed(http, id) as events:
                assert next(events)[1]["type"] == "queued"
                up.close()
                for answer in (http.get(f"/jobs/{id}"), http.post("/jobs", json={"modality": "text", "prompt": "x"})):
                    assert code(answer) == (503, "jobs_unavailable")
                ready = http.get(served.url.replace("/v1", "/readyz"))
                assert (ready.status_code, ready.json()["jobs"]) == (200, "database unavailable")
                assert served.openai().completions.create(model="echo", prompt="a b").choices[0].text == "a b"
                Small.go.set()
                with database.started():
                    assert [event["type"] for _, event in events][-1] == "completed"
                    assert ended(http, id)["attempt"] == 1
                    assert http.get(f"/jobs/{id}/result").content == CLIP
                    ended(http, left(http, prompt="x"))


def test_two_servers_on_it(database: Postgres) -> None:
    with contextlib.ExitStack() as up:
        up.enter_context(database.started())
        servers = [up.enter_context(running(up.enter_context(client_of(database)))) for _ in range(2)]
        http, there = (up.enter_context(served.http()) for served in servers)
        ids = [left(http, prompt=f"word {number}") for number in range(40)]
        for id in ids:
            assert ended(there, id)["attempt"] == 1
        assert [there.get(f"/jobs/{id}/result").text for id in ids] == [f"word {n}" for n in range(40)]
