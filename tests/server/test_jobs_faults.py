"""Durable jobs when things go wrong: servers killed, stopped, side by side, without their database."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc_sdk.ledger import Ledger

from .conftest import running, wait_until
from .makers import CLIP, Small, small_client
from .process import Process
from .test_jobs import code, ended, files, left
from .test_jobs_events import read

MANY = 200
WORDS = "one two three four five"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Any]:
    """Starts ``aigc serve`` on the test's home."""
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        started.append(Process(tmp_path, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.stop()


def leave_many(http: httpx.Client, count: int = MANY, **options: Any) -> None:
    """Jobs ``job-0`` and so on."""
    for number in range(count):
        body = {"modality": "text", "prompt": f"{WORDS} {number}", "options": options}
        assert http.put(f"/jobs/job-{number}", json=body).status_code in (200, 202)


def every(http: httpx.Client) -> Iterator[dict[str, Any]]:
    """All jobs, page by page."""
    after = ""
    while True:
        page = http.get(f"/jobs?limit=100{after}").json()
        yield from page["data"]
        if not page["has_more"]:
            return
        after = f"&after={page['last_id']}"


def counted(http: httpx.Client) -> Counter[str]:
    """How many jobs are in each state."""
    return Counter(job["state"] for job in every(http))


def types_of(http: httpx.Client, id: str) -> list[str]:
    """The types of a job's events, which has ended."""
    return [event["type"] for _, event in read(iter(http.get(f"/jobs/{id}/events").text.split("\n")))]


def assert_each_ended_once(http: httpx.Client, count: int = MANY) -> int:
    """Nothing was lost, nothing ended twice. Returns how many were begun again."""
    jobs = {job["id"]: job for job in every(http)}
    assert jobs.keys() == {f"job-{number}" for number in range(count)}
    for id, job in jobs.items():
        types = types_of(http, id)
        assert (job["state"], types[-1], types.count("completed")) == ("completed", "completed", 1)
        assert types.count("started") == job["attempt"]
    for number in range(0, count, 10):
        assert http.get(f"/jobs/job-{number}/result").text == f"{WORDS} {number}"
    return sum(job["attempt"] > 1 for job in jobs.values())


def test_a_killed_server_loses_nothing_and_nothing_is_done_twice(processes: Any) -> None:
    for enough in (20, 80):
        server = processes()
        client = threading.Thread(target=leave_until_gone, args=[server])
        client.start()  # again and again: it does not know what arrived
        with server.http() as http:
            wait_until(lambda http=http, enough=enough: counted(http)["completed"] >= enough, 60)
        server.signal(signal.SIGKILL)
        server.ends()
        client.join()
    with processes().http() as http:
        leave_many(http, delay_ms=5.0)
        wait_until(lambda: counted(http)["completed"] == MANY, 60)
        assert 0 < assert_each_ended_once(http) <= 2 * 16


def leave_until_gone(server: Process) -> None:
    """Leaves the jobs, until the server is killed."""
    with contextlib.suppress(httpx.TransportError), server.http() as http:
        leave_many(http, delay_ms=5.0)


def test_two_servers_share_the_work(processes: Any) -> None:
    one, two = processes("--jobs-at-once", "2"), processes("--jobs-at-once", "2")
    with one.http() as http, two.http() as other:
        leave_many(http, 60, delay_ms=5.0)
        wait_until(lambda: counted(other)["completed"] == 60, 60)
        assert assert_each_ended_once(other, 60) == 0
        for server in (http, other):
            metrics = server.get(str(server.base_url).replace("/v1/", "/metrics")).text
            assert 'aigc_jobs_total{model="echo",outcome="completed"}' in metrics
        video = other.put("/jobs/a", json={"modality": "text", "prompt": "w " * 500, "options": {"delay_ms": 20.0}})
        assert video.status_code == 202
        assert http.post("/jobs/a/cancel").json()["state"] == "cancelled"  # whoever runs it


def test_sigterm_gives_back_what_does_not_end_in_time(processes: Any) -> None:
    server = processes("--drain", "3", "--jobs-at-once", "3")
    with server.http() as http:
        leave_many(http, 1, delay_ms=50.0)
        body = {"modality": "text", "prompt": "w " * 2000, "options": {"delay_ms": 50.0}}
        assert http.put("/jobs/long", json=body).status_code == 202
        wait_until(lambda: counted(http)["running"] == 2)
        leave_many(http, 3, delay_ms=50.0)
        server.signal(signal.SIGTERM)
    assert server.ends() == 0
    assert "Traceback" not in server.said
    with processes().http() as http:
        assert ended(http, "job-0")["attempt"] == 1
        wait_until(lambda: http.get("/jobs/long").json()["attempt"] == 2)
        http.post("/jobs/long/cancel")
        assert types_of(http, "long") == ["queued", "started", "queued", "started", "cancelled"]
        wait_until(lambda: counted(http)["completed"] == 3)


def test_a_second_ctrl_c_gives_them_back_at_once(processes: Any) -> None:
    server = processes()
    with server.http() as http:
        body = {"modality": "text", "prompt": "w " * 80, "options": {"delay_ms": 50.0}}
        http.put("/jobs/long", json=body)
        wait_until(lambda: counted(http)["running"] == 1)
        server.signal(signal.SIGINT)
        time.sleep(0.5)  # two signals at the same moment are one
        server.signal(signal.SIGINT)
    assert server.ends() == 0
    with processes().http() as http:
        done = ended(http, "long")
        assert (done["state"], done["attempt"]) == ("completed", 2)


def test_a_locked_database(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Ledger.__init__.__kwdefaults__, "timeout_s", 0.3)
    with small_client(ledger=True) as client, running(client) as served, served.http() as http:
        ended(http, left(http, prompt="x"))
        id = left(http, modality="video", prompt="a ball", options={"wait": True})
        wait_until(lambda: len(Small.asked) == 1)
        holder = sqlite3.connect(home / "ledger.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            refused = http.post("/jobs", json={"modality": "text", "prompt": "x"})
            assert code(refused) == (503, "jobs_unavailable")
            assert refused.headers["retry-after"] == "5"
            assert "ledger.sqlite" not in refused.text
            ready = http.get(served.url.replace("/v1", "/readyz"))
            assert (ready.status_code, ready.json()["jobs"]) == (200, "database unavailable")
            assert http.get(f"/jobs/{id}").json()["state"] == "running"  # what is there can be seen
            Small.go.set()  # it ends now, and nobody can write that down
            wait_until(lambda: any("-1-0.mp4" in str(path) for path in files(served)))
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        assert ended(http, id)["attempt"] == 1
        assert http.get(f"/jobs/{id}/result").content == CLIP
        wait_until(lambda: "jobs" not in http.get(served.url.replace("/v1", "/readyz")).json())
        ended(http, left(http, prompt="x"))


def test_a_folder_that_cannot_be_written(home: Path) -> None:
    home.mkdir()
    (home / "jobs").write_text("in the way")
    with small_client(ledger=True) as client, running(client) as served, served.http() as http:
        done = ended(http, left(http, prompt="x"))
        assert (done["state"], done["error"]["code"]) == ("failed", "store_error")
        picture = {"modality": "video", "task": "image-to-video", "image": "eHg="}
        assert http.post("/jobs", json=picture).status_code in (429, 503)


def test_a_clock_that_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    with small_client() as client, running(client) as served, served.http() as http:
        id = left(http, modality="video", prompt="a ball", options={"wait": True})
        wait_until(lambda: len(Small.asked) == 1)
        real = time.time
        for jump in (-10 * 86_400, 3600):
            monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
            assert ended(http, left(http, prompt="one two"))["state"] == "completed"
        Small.go.set()
        assert ended(http, id)["state"] == "completed"


def test_clients_that_ask_at_once_for_the_same() -> None:
    with small_client(ledger=True) as client, running(client) as served:
        picture = {"modality": "video", "task": "image-to-video", "image": "eHg=", "seed": 1}
        statuses: list[int] = []

        def ask() -> None:
            with served.http() as http:
                statuses.append(http.put("/jobs/same", json=picture).status_code)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(statuses) == [200] * 7 + [202]
        with served.http() as http:
            assert ended(http, "same")["state"] == "completed"
        assert len(Small.asked) == 1
