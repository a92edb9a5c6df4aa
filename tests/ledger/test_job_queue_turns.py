"""Whose turn it is: by priority, then of the owner with the fewest running, then by age."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from aigc_sdk.ledger.job_queue import JobQueue
from aigc_sdk.ledger.owner import Owner

from .samples import add, clock

ELSEWHERE = Owner("another-host", "another-boot/pid:[1]", 7, "100")


def ids(jobs: JobQueue, most: int) -> list[str]:
    return [job.id for job in jobs.claim(most)]


def test_what_was_claimed_runs(jobs: JobQueue) -> None:
    key = add(jobs, "a1", request={"prompt": "红"}).key
    (job,) = jobs.claim(3)
    assert (job.key, job.state, job.attempt, job.request) == (key, "running", 1, {"prompt": "红"})
    assert job == jobs.get("ada", "a1")
    assert jobs.claim(3) == []
    assert jobs.events(key)[-1][2] == {"type": "started", "attempt": 1}


def test_the_oldest_first_also_when_the_clock_was_set_back(jobs: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    add(jobs, "first")
    monkeypatch.setattr("aigc_sdk.ledger.job_queue.datetime", clock(timedelta(days=-1)))
    add(jobs, "second")
    assert ids(jobs, 2) == ["first", "second"]
    assert [job.id for job in jobs.query("ada")] == ["second", "first"]


def test_a_higher_priority_goes_first(jobs: JobQueue) -> None:
    for id, priority in (("low", -1), ("usual", 0), ("high", 1), ("high2", 1)):
        add(jobs, id, priority=priority)
    assert ids(jobs, 1) == ["high"]
    assert ids(jobs, 9) == ["high2", "usual", "low"]


def test_owners_with_fewer_running_go_first(jobs: JobQueue) -> None:
    for id in ("a1", "a2", "a3", "a4", "a5"):
        add(jobs, id, "ada")
    for id in ("b1", "b2"):
        add(jobs, id, "bob")
    add(jobs, "c1", "cyd")
    assert ids(jobs, 1) == ["a1"]
    assert ids(jobs, 3) == ["b1", "c1", "a2"]
    assert ids(jobs, 1) == ["b2"]
    assert ids(jobs, 9) == ["a3", "a4", "a5"]


def test_who_has_many_at_once_shares_with_the_others_at_once(jobs: JobQueue) -> None:
    for number in range(4):
        for name in ("ada", "bob"):
            add(jobs, f"{name}{number}", name, priority=1 if name == "bob" and number == 3 else 0)
    assert ids(jobs, 5) == ["bob3", "ada0", "ada1", "bob0", "ada2"]


def test_what_runs_elsewhere_counts_as_well(jobs: JobQueue, other: JobQueue, be: Callable) -> None:
    for id in ("a1", "a2"):
        add(jobs, id, "ada")
    be(ELSEWHERE)
    assert ids(other, 1) == ["a1"]
    add(jobs, "b1", "bob")
    assert ids(jobs, 1) == ["b1"]
