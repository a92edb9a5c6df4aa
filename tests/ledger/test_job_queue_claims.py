"""The queue as servers see it: who holds what, and what becomes of the jobs of the dead."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aigc_sdk.ledger import owner
from aigc_sdk.ledger.job_queue import JobQueue
from aigc_sdk.ledger.job_queue_claims import Held, Watch
from aigc_sdk.ledger.owner import Owner

from .samples import add, clock

ELSEWHERE = Owner("another-host", "another-boot/pid:[1]", 7, "100")


def told(jobs: JobQueue, key: int) -> list[str]:
    return [event["type"] for _, _, event in jobs.events(key)]


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets this process' monotonic clock."""
    return lambda second: monkeypatch.setattr("aigc_sdk.ledger.job_queue.time.monotonic", lambda: second)


# --- who holds what ---------------------------------------------------------------------------------------------------


def test_given_back_it_keeps_its_place_and_the_old_attempt_is_over(jobs: JobQueue) -> None:
    key = add(jobs, "a1").key
    add(jobs, "a2")
    (job,) = jobs.claim(1)
    jobs.record(key, job.attempt, {"type": "progress"}, progress=50)
    assert jobs.give_back(key, job.attempt)
    assert not jobs.give_back(key, job.attempt)
    waiting = jobs.get("ada", "a1")
    assert (waiting.state, waiting.progress, waiting.deaths, waiting.started) == ("queued", 0, 0, None)
    assert jobs.beat({key: job.attempt}) == {key}
    (again,) = jobs.claim(1)
    assert (again.key, again.attempt) == (key, 2)
    assert not jobs.record(key, job.attempt, {"type": "late"})
    assert not jobs.finish(key, job.attempt, "failed")
    assert jobs.beat({key: again.attempt}) == set()
    assert jobs.finish(key, again.attempt, "completed")
    assert not jobs.finish(key, again.attempt, "completed")
    assert told(jobs, key) == ["queued", "started", "progress", "queued", "started", "completed"]


def test_beats_tell_what_is_still_ones_own(jobs: JobQueue, be: Callable) -> None:
    held = {}
    for id in ("mine", "cancelled", "deleted", "ended"):
        add(jobs, id)
        (job,) = jobs.claim(1)
        held[job.key] = job.attempt
    assert jobs.beat(held) == set()
    assert jobs.beat({}) == set()
    jobs.cancel("ada", "cancelled")
    jobs.delete("ada", "deleted")
    mine, cancelled, deleted, ended = held
    jobs.finish(ended, 1, "completed")
    assert jobs.beat(held) == {cancelled, deleted, ended}
    be(ELSEWHERE)
    assert mine in jobs.beat(held)


# --- the jobs of the dead ---------------------------------------------------------------------------------------------


def test_the_jobs_of_another_process_that_lives_stay(jobs: JobQueue, be: Callable, tick: Callable) -> None:
    add(jobs, "a1")
    here = owner.current()
    be(replace(here, pid=os.getppid(), started=owner.started(os.getppid())))
    jobs.claim(1)
    be(here)
    for second in (0.0, 1e6, 2e6):  # it may take as long as it likes
        tick(second)
        assert jobs.take_over(max_attempts=3, patience_s=10) == 0


def test_what_this_process_claimed_without_knowing_goes_back(jobs: JobQueue, tick: Callable) -> None:
    """The database's answer was lost. What it knows of, it beats."""
    add(jobs, "known")
    add(jobs, "unknown")
    known, _ = jobs.claim(2)
    for second in (0, 5, 10):
        tick(second)
        assert jobs.get("ada", "unknown").state == "running"
        jobs.beat({known.key: known.attempt})
        taken = jobs.take_over(max_attempts=3, patience_s=10)
    assert taken == 1
    assert jobs.get("ada", "unknown").state == "queued"
    assert jobs.finish(known.key, known.attempt, "completed")


@pytest.mark.parametrize("change", [{"started": "1"}, {"pid": 2**22 + 1}])
def test_the_jobs_of_a_dead_process_of_this_machine_go_back_at_once(
    jobs: JobQueue, be: Callable, change: dict[str, Any]
) -> None:
    here = owner.current()
    key = add(jobs, "a1").key
    be(replace(here, **change))
    jobs.claim(1)
    be(here)
    assert jobs.take_over(max_attempts=3, patience_s=1e9) == 1
    job = jobs.get("ada", "a1")
    assert (job.state, job.attempt, job.deaths) == ("queued", 1, 1)
    assert jobs.events(key)[-1][2] == {"type": "queued", "again": True}
    assert jobs.claim(1)[0].attempt == 2


@pytest.mark.parametrize(
    "process",
    [
        ELSEWHERE,
        Owner(owner.current().host, "another-boot/pid:[1]", 7, "100"),  # a namesake, or this machine before a reboot
        Owner(owner.current().host, f"{owner.current().boot.partition('/')[0]}/pid:[1]", 7, "100"),  # a container
    ],
)
def test_the_jobs_of_others_go_back_when_their_beat_stood_still(
    jobs: JobQueue, other: JobQueue, be: Callable, tick: Callable, process: Owner
) -> None:
    here = owner.current()
    add(jobs, "a1")
    be(process)
    (job,) = other.claim(1)

    def look(second: float) -> int:
        be(here)
        tick(second)
        return jobs.take_over(max_attempts=3, patience_s=30)

    assert look(1000) == 0
    assert look(1029) == 0
    be(process)
    assert other.beat({job.key: job.attempt}) == set()
    assert look(1031) == 0
    assert look(1060) == 0
    assert look(1061) == 1
    (mine,) = jobs.claim(1)
    be(process)
    # It was only slow. What it says comes too late.
    assert other.beat({job.key: job.attempt}) == {job.key}
    assert not other.record(job.key, job.attempt, {"type": "progress"})
    assert not other.finish(job.key, job.attempt, "completed")
    assert jobs.finish(mine.key, mine.attempt, "completed")
    assert told(jobs, job.key) == ["queued", "started", "queued", "started", "completed"]


def test_a_beat_at_the_last_moment_is_in_time(
    jobs: JobQueue, other: JobQueue, be: Callable, tick: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = owner.current()
    add(jobs, "a1")
    be(ELSEWHERE)
    (job,) = other.claim(1)
    be(here)
    tick(0)
    assert jobs.take_over(max_attempts=3, patience_s=30) == 0
    tick(31)
    looked = Watch.dead

    def beaten_meanwhile(*seen: Any) -> list[Held]:
        be(ELSEWHERE)
        assert other.beat({job.key: job.attempt}) == set()
        be(here)
        return looked(*seen)

    monkeypatch.setattr(Watch, "dead", beaten_meanwhile)
    assert jobs.take_over(max_attempts=3, patience_s=30) == 0
    assert jobs.get("ada", "a1").state == "running"


def test_a_new_attempt_is_watched_anew(jobs: JobQueue, other: JobQueue, be: Callable, tick: Callable) -> None:
    here = owner.current()
    add(jobs, "a1")
    be(ELSEWHERE)
    (job,) = other.claim(1)
    be(here)
    tick(0)
    jobs.take_over(max_attempts=3, patience_s=30)
    be(ELSEWHERE)
    other.give_back(job.key, job.attempt)
    other.claim(1)
    be(here)
    tick(31)
    assert jobs.take_over(max_attempts=3, patience_s=30) == 0


def test_a_job_that_kills_its_servers_is_given_up(jobs: JobQueue, be: Callable) -> None:
    key = add(jobs, "a1", webhook="https://x").key
    here = owner.current()
    for deaths in (1, 2, 3):
        be(Owner(here.host, here.boot, 2**22 + deaths, "1"))
        (job,) = jobs.claim(1)
        if deaths == 2:  # a server that was stopped has not died
            jobs.give_back(key, job.attempt)
            jobs.claim(1)
        be(here)
        assert jobs.take_over(max_attempts=3, patience_s=30) == 1
    job = jobs.get("ada", "a1")
    assert (job.state, job.attempt, job.deaths) == ("failed", 4, 3)
    assert job.error == {"code": "server_died", "message": "the server died 3 times while it ran this job"}
    assert job.expires > datetime.now(UTC)
    assert [hook.job.key for hook in jobs.webhooks.due()] == [key]
    assert jobs.take_over(max_attempts=3, patience_s=30) == 0
    assert told(jobs, key)[-1] == "failed"


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(days=3)])
def test_a_jump_of_the_clock_takes_no_job_from_anybody(
    jobs: JobQueue, other: JobQueue, be: Callable, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    here = owner.current()
    add(jobs, "mine")
    add(jobs, "theirs")
    (mine,) = jobs.claim(1)
    be(ELSEWHERE)
    (theirs,) = other.claim(1)
    be(here)
    assert jobs.take_over(max_attempts=3, patience_s=60) == 0
    monkeypatch.setattr("aigc_sdk.ledger.job_queue.datetime", clock(jump))
    assert jobs.take_over(max_attempts=3, patience_s=60) == 0
    assert jobs.beat({mine.key: mine.attempt}) == set()
    assert jobs.record(mine.key, mine.attempt, {"type": "progress"})
    assert jobs.finish(mine.key, mine.attempt, "completed")
    be(ELSEWHERE)
    assert other.finish(theirs.key, theirs.attempt, "completed")
    assert [number for number, _, _ in jobs.events(mine.key)] == [1, 2, 3, 4]
