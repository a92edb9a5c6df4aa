"""Any order of what clients, servers, deaths and sweeps do leaves the queue in order."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, consumes, invariant, multiple, rule

from aigc_sdk.contract.errors import JobExists, QueueFull
from aigc_sdk.ledger import Ledger
from aigc_sdk.ledger.job_queue import JobQueue, QueuedJob
from aigc_sdk.ledger.owner import Owner

from .samples import new_job

MOST_DEATHS = 2
IDS, OWNERS, SERVERS = st.sampled_from(["j1", "j2", "j3", "j4"]), st.sampled_from(["ada", "bob"]), st.integers(0, 2)


@dataclass
class Known:
    """What must be true of a job."""

    job: QueuedJob
    state: str = "queued"
    server: int | None = None
    attempt: int = 0
    deaths: int = 0
    overdue: bool = False


class Queue(RuleBasedStateMachine):
    """Three servers, each of a host of its own, so that only their beats tell them from the dead."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(f"sqlite:///{Path(self.folder.name) / 'ledger.sqlite'}")
        self.servers = [JobQueue(self.ledger) for _ in range(3)]
        self.known: dict[int, Known] = {}
        self.second = 0.0
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("aigc_sdk.ledger.job_queue.time.monotonic", lambda: self.second)

    def teardown(self) -> None:
        self.patch.undo()
        self.ledger.close()
        self.folder.cleanup()

    def server(self, number: int) -> JobQueue:
        here = Owner(f"host-{number}", "boot", 1, "1")
        self.patch.setattr("aigc_sdk.ledger.job_queue_claims.current", lambda: here)
        return self.servers[number]

    def find(self, owner: str, id: str) -> Known | None:
        return next((k for k in self.known.values() if (k.job.owner, k.job.id) == (owner, id)), None)

    def running(self, number: int, job: QueuedJob) -> Known | None:
        """The job, if it runs there, and as this attempt."""
        known = self.known.get(job.key)
        same = known and (known.state, known.server, known.attempt) == ("running", number, job.attempt)
        return known if same else None

    # --- clients ------------------------------------------------------------------------------------------------------

    @rule(id=IDS, owner=OWNERS, digest=st.sampled_from("de"), priority=st.integers(-1, 1), overdue=st.booleans())
    def add(self, id: str, owner: str, digest: str, priority: int, overdue: bool) -> None:
        before, waiting = self.find(owner, id), [k for k in self.known.values() if k.state == "queued"]
        deadline = datetime.now(UTC) - timedelta(seconds=1) if overdue else None
        new = new_job(id, owner, digest=digest, priority=priority, deadline=deadline, webhook="https://x")
        try:
            job, made = self.servers[0].add(new, most=6, most_of_owner=3)
        except JobExists:
            assert before is not None
            assert before.job.digest != digest
        except QueueFull:
            assert before is None
            assert len(waiting) >= 6 or len([k for k in waiting if k.job.owner == owner]) >= 3
        else:
            assert made == (before is None)
            assert job.key not in self.known or not made
            if made:
                self.known[job.key] = Known(job, overdue=overdue)

    @rule(id=IDS, owner=OWNERS)
    def cancel(self, id: str, owner: str) -> None:
        known, job = self.find(owner, id), self.servers[0].cancel(owner, id)
        assert (known is None) == (job is None)
        if known and known.state in ("queued", "running"):
            known.state = "cancelled"

    @rule(id=IDS, owner=OWNERS)
    def delete(self, id: str, owner: str) -> None:
        known, job = self.find(owner, id), self.servers[0].delete(owner, id)
        assert (known is None) == (job is None)
        if known:
            del self.known[known.job.key]

    # --- servers ------------------------------------------------------------------------------------------------------

    @rule(target=held, number=SERVERS, most=st.integers(1, 3))
    def claim(self, number: int, most: int) -> MultipleResults[tuple[int, QueuedJob]]:
        waiting = sorted((k.job.priority for k in self.known.values() if k.state == "queued"), reverse=True)
        taken = self.server(number).claim(most)
        assert [job.priority for job in taken] == waiting[:most]
        for job in taken:
            known = self.known[job.key]
            known.state, known.server, known.attempt = "running", number, known.attempt + 1
            assert job.attempt == known.attempt
        return multiple(*((number, job) for job in taken))

    @rule(one=held)
    def record(self, one: tuple[int, QueuedJob]) -> None:
        number, job = one
        done = self.server(number).record(job.key, job.attempt, {"type": "progress"}, progress=50)
        assert done == (self.running(number, job) is not None)

    @rule(one=held)
    def beat(self, one: tuple[int, QueuedJob]) -> None:
        number, job = one
        lost = self.server(number).beat({job.key: job.attempt})
        assert lost == (set() if self.running(number, job) else {job.key})

    @rule(one=held, state=st.sampled_from(["completed", "failed", "cancelled"]))
    def finish(self, one: tuple[int, QueuedJob], state: str) -> None:
        number, job = one
        known = self.running(number, job)
        assert self.server(number).finish(job.key, job.attempt, state) == (known is not None)
        if known:
            known.state = state

    @rule(one=consumes(held))
    def give_back(self, one: tuple[int, QueuedJob]) -> None:
        number, job = one
        known = self.running(number, job)
        assert self.server(number).give_back(job.key, job.attempt) == (known is not None)
        if known:
            known.state = "queued"

    # --- sweeps -------------------------------------------------------------------------------------------------------

    @rule(number=SERVERS)
    def all_others_die(self, number: int) -> None:
        jobs, taken = self.server(number), 0
        alive = {k.job.key: k.attempt for k in self.known.values() if k.state == "running" and k.server == number}
        for _ in range(2):
            assert jobs.beat(alive) == set()
            taken += jobs.take_over(max_attempts=MOST_DEATHS, patience_s=30)
            self.second += 31
        dead = [k for k in self.known.values() if k.state == "running" and k.server != number]
        assert taken == len(dead)
        for known in dead:
            known.deaths += 1
            known.state = "failed" if known.deaths == MOST_DEATHS else "queued"

    @rule()
    def overdue(self) -> None:
        late = [k for k in self.known.values() if k.state == "queued" and k.overdue]
        assert self.servers[0].overdue() == len(late)
        for known in late:
            known.state = "failed"

    @rule()
    def expire(self) -> None:
        ended = {key for key, known in self.known.items() if known.state not in ("queued", "running")}
        assert {job.key for job in self.servers[0].expire(datetime.now(UTC) + timedelta(days=2))} == ended
        for key in ended:
            del self.known[key]

    # --- always -------------------------------------------------------------------------------------------------------

    @invariant()
    def all_is_as_known(self) -> None:
        jobs = self.servers[0]
        found = {job.key: job for owner in ("ada", "bob") for job in jobs.query(owner)}
        assert set(found) == set(self.known)
        for key, known in self.known.items():
            job, events = found[key], jobs.events(key)
            assert (job.state, job.attempt, job.deaths) == (known.state, known.attempt, known.deaths)
            assert [number for number, _, _ in events] == list(range(1, job.last_event + 1))
            ends = [event["type"] for _, _, event in events if event["type"] in ("completed", "failed", "cancelled")]
            assert ends == ([job.state] if job.has_ended else [])
            assert (job.finished is None) == (job.expires is None) == (not job.has_ended)
            assert (jobs.webhooks.get(key) is None) == (not job.has_ended)


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=20, stateful_step_count=25)
