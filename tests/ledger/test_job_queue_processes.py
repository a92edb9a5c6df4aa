"""Several servers, each a process, work on one database; some are killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.ledger.job_queue import JobQueue

from .samples import add

TESTS = Path(__file__).parents[1]

# Claims and finishes jobs until none waits or runs; writes what it was told it had finished.
_WORK = """
    import json, random, sys, time
    from aigc_sdk.ledger import Ledger
    from aigc_sdk.ledger.job_queue import JobQueue
    jobs = JobQueue(Ledger(sys.argv[1], timeout_s=60))
    print("ready", flush=True)
    sys.stdin.readline()
    while {"queued", "running"} & set(jobs.counts()):
        for job in jobs.claim(3):
            time.sleep(random.random() / 200)
            jobs.record(job.key, job.attempt, {"type": "progress"}, progress=50)
            if jobs.finish(job.key, job.attempt, "completed", results=[{"by": sys.argv[2]}]):
                print(json.dumps([job.id, job.attempt]), flush=True)
        jobs.take_over(max_attempts=100, patience_s=600)
"""


class Workers:
    """Processes that work on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.all: list[subprocess.Popen[str]] = []

    def start(self, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(_WORK), self.url, name]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.all.append(subprocess.Popen(command, cwd=TESTS, text=True, **pipes))
        return self.all[-1]

    def go(self) -> None:
        """Lets them begin together."""
        for worker in self.all:
            assert worker.stdout.readline() == "ready\n", worker.stderr.read()
        for worker in self.all:
            worker.stdin.write("go\n")
            worker.stdin.flush()

    def finished(self, worker: subprocess.Popen[str]) -> list[str]:
        """The ids of the jobs that it finished, once it has ended."""
        out, err = worker.communicate(timeout=120)
        assert worker.returncode in (0, -signal.SIGKILL), err
        return [json.loads(line)[0] for line in out.splitlines() if line.endswith("]")]

    def close(self) -> None:
        for worker in self.all:
            worker.kill()
            worker.communicate()


@pytest.fixture
def workers(database_url: str) -> Iterator[Workers]:
    made = Workers(database_url)
    yield made
    made.close()


def check_each_ran_once(jobs: JobQueue, finished: list[str], count: int) -> None:
    assert max(Counter(finished).values()) == 1
    done = jobs.query("ada", limit=1000) + jobs.query("bob", limit=1000)
    assert Counter(job.state for job in done) == {"completed": count}
    assert set(finished) <= {job.id for job in done}
    for job in done:
        types = [event["type"] for _, _, event in jobs.events(job.key)]
        assert types.count("completed") == 1
        assert types[-1] == "completed"
        assert types.count("started") == job.attempt == job.deaths + 1
        assert [number for number, _, _ in jobs.events(job.key)] == list(range(1, job.last_event + 1))


def test_two_processes_never_get_the_same(jobs: JobQueue, workers: Workers) -> None:
    for number in range(120):
        add(jobs, f"j{number}", "ada" if number % 3 else "bob")
    two = [workers.start(name) for name in ("one", "two")]
    workers.go()
    finished = [workers.finished(worker) for worker in two]
    assert all(finished)
    assert len(finished[0] + finished[1]) == 120
    check_each_ran_once(jobs, finished[0] + finished[1], 120)


def test_kill_9_loses_nothing_and_nothing_is_finished_twice(jobs: JobQueue, workers: Workers) -> None:
    for number in range(300):
        add(jobs, f"j{number}", "ada" if number % 3 else "bob")
    victims = [workers.start("victim1"), workers.start("victim2")]
    survivor = workers.start("survivor")
    workers.go()
    for victim, enough in zip(victims, (30, 90), strict=True):
        until = time.monotonic() + 60
        while jobs.counts().get("completed", 0) < enough and time.monotonic() < until:
            time.sleep(0.005)
        victim.kill()
    finished = [workers.finished(worker) for worker in (*victims, survivor)]
    assert len(finished[2]) > 0
    check_each_ran_once(jobs, [id for part in finished for id in part], 300)
