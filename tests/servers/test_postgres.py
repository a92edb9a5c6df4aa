"""The ledger and its queue on a real PostgreSQL, also when that goes away and comes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from aigc_sdk.contract.errors import StoreError
from aigc_sdk.ledger import Ledger
from aigc_sdk.ledger.job_queue import JobQueue
from tests.ledger.samples import add, complete
from tests.servers.postgres import Postgres, create, install

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]


def test_all_tests_of_the_ledger_and_the_queue_pass_on_it(postgres: Postgres, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "tests/ledger", "-k", "postgres", "-p", "no:cacheprovider"]
    env = {**os.environ, "AIGC_TEST_POSTGRES": postgres.new_database("ledger")}
    done = subprocess.run([*command, f"--basetemp={tmp_path}"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 80


@pytest.fixture
def private(tmp_path: Path) -> Postgres:
    """A server of the test's own, to be stopped and started."""
    return create(tmp_path / "postgres", install())


def test_what_was_queued_survives_a_stop_and_the_same_ledger_goes_on(private: Postgres) -> None:
    ledger = Ledger(private.url, timeout_s=5)
    jobs = JobQueue(ledger)
    with private.started():
        complete(ledger, "a1")
        add(jobs, "waits", request={"prompt": "红"})
        add(jobs, "runs", priority=1)
        (job,) = jobs.claim(1)
    for act in (lambda: jobs.beat({job.key: 1}), lambda: jobs.claim(1), lambda: ledger.get("a1"), jobs.overdue):
        with pytest.raises(StoreError):
            act()
    with private.started():
        assert jobs.beat({job.key: job.attempt}) == set()
        assert jobs.finish(job.key, job.attempt, "completed")
        (other,) = jobs.claim(1)
        assert (other.id, other.request) == ("waits", {"prompt": "红"})
        assert ledger.get("a1").state == "completed"
        ledger.close()


# Adds jobs and runs whatever waits, through all failures, until all were added and none is left.
_WORK = """
    import sys, time
    from aigc_sdk.contract.errors import StoreError
    from aigc_sdk.ledger import Ledger
    from aigc_sdk.ledger.job_queue import JobQueue
    from tests.ledger.samples import new_job
    jobs, name, number, held = JobQueue(Ledger(sys.argv[1], timeout_s=5)), sys.argv[2], 0, {}
    jobs.counts()
    print("ready", flush=True)
    while True:
        try:
            if number < 150:  # twice is once
                jobs.add(new_job(f"{name}{number}"), most=1000, most_of_owner=1000)
                number += 1
            for key in jobs.beat(held):
                del held[key]
            held |= {job.key: job.attempt for job in jobs.claim(2)}
            for key, attempt in list(held.items()):
                done = jobs.finish(key, attempt, "completed", results=[{"by": name}])
                del held[key]
                if done:
                    print(key, flush=True)
            jobs.take_over(max_attempts=100, patience_s=1)
            if number == 150 and not {"queued", "running"} & set(jobs.counts()):
                break
        except StoreError:
            print("failed", flush=True)
            time.sleep(0.02)
"""


@pytest.fixture
def writers(private: Postgres, tmp_path: Path) -> Iterator[list[tuple[subprocess.Popen[str], IO[str]]]]:
    """Two processes that write to the database, and what they say. The server must run when they are asked for."""

    def are_ready() -> bool:
        assert all(process.poll() is None for process, _ in made)
        return all(Path(said.name).stat().st_size for _, said in made)

    made = []
    for name in ("a", "b"):
        said = (tmp_path / name).open("w+")
        command = [sys.executable, "-c", textwrap.dedent(_WORK), private.url, name]
        made.append((subprocess.Popen(command, cwd=ROOT, text=True, stdout=said, stderr=subprocess.STDOUT), said))
    wait_for(are_ready)
    yield made
    for process, said in made:
        process.kill()
        process.wait()
        said.close()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_two_writers_lose_nothing_when_the_server_is_stopped_or_crashes(
    private: Postgres, request: pytest.FixtureRequest, end: signal.Signals
) -> None:
    ledger = Ledger(private.url)
    jobs = JobQueue(ledger)
    with private.started() as process:
        ledger.open()
        writers = request.getfixturevalue("writers")
        wait_for(lambda: jobs.counts().get("completed", 0) > 40)
        os.kill(private.pid(), end)
        process.wait(60)
    time.sleep(0.3)
    with private.started():
        for writer, said in writers:
            assert writer.wait(120) == 0, said.seek(0) or said.read()
        lines = []
        for _, said in writers:
            said.seek(0)
            lines += said.read().split()
        assert "failed" in lines
        finished = Counter(line for line in lines if line.isdigit())
        assert max(finished.values()) == 1
        done = jobs.query("ada", limit=1000)
        assert Counter(job.state for job in done) == {"completed": 300}
        assert sorted(job.id for job in done) == sorted(f"{name}{number}" for name in "ab" for number in range(150))
        for job in done:
            events = jobs.events(job.key)
            assert [number for number, _, _ in events] == list(range(1, job.last_event + 1))
            assert [event["type"] for _, _, event in events].count("completed") == 1
        ledger.close()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
