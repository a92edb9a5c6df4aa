"""Webhooks are delivered at least once, or given up after some tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aigc_sdk.ledger.job_queue import JobQueue
from aigc_sdk.ledger.job_queue_webhooks import LEASE, LONGEST, MOST_TRIES

from .samples import add


@pytest.fixture
def key(jobs: JobQueue) -> int:
    """A job that has ended and has a webhook."""
    add(jobs, "a1", webhook="https://example.com/x")
    (job,) = jobs.claim(1)
    assert jobs.webhooks.due() == []
    assert jobs.webhooks.get(job.key) is None
    jobs.finish(job.key, job.attempt, "completed", results=[{"name": "0.png"}])
    return job.key


def in_(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def test_it_is_due_when_its_job_has_ended_and_delivered_once(jobs: JobQueue, key: int) -> None:
    (hook,) = jobs.webhooks.due()
    assert (hook.job.id, hook.job.state, hook.job.webhook, hook.tries) == (
        "a1",
        "completed",
        "https://example.com/x",
        0,
    )
    assert jobs.webhooks.due() == []  # nobody else gets it meanwhile
    jobs.webhooks.delivered(key)
    assert jobs.webhooks.due(in_(days=300)) == []
    record = jobs.webhooks.get(key)
    assert (record.tries, record.due, record.error) == (1, None, None)
    assert record.delivered <= datetime.now(UTC)


def test_a_job_without_one_tells_nobody(jobs: JobQueue) -> None:
    add(jobs, "a1")
    jobs.cancel("ada", "a1")
    assert jobs.webhooks.due() == []


def test_who_took_it_and_died_is_not_waited_for_long(jobs: JobQueue, key: int) -> None:
    assert len(jobs.webhooks.due()) == 1
    assert jobs.webhooks.due(datetime.now(UTC) + LEASE - timedelta(seconds=30)) == []
    (hook,) = jobs.webhooks.due(datetime.now(UTC) + LEASE + timedelta(seconds=1))
    assert hook.job.key == key


def test_a_failure_is_tried_again_when_it_is_time(jobs: JobQueue, key: int) -> None:
    jobs.webhooks.due()
    assert jobs.webhooks.failed(key, "answered 500", in_(minutes=5))
    assert jobs.webhooks.due(in_(minutes=4)) == []
    (hook,) = jobs.webhooks.due(in_(minutes=6))
    assert hook.tries == 1
    assert jobs.webhooks.get(key).error == "answered 500"
    jobs.webhooks.delivered(key)
    assert not jobs.webhooks.failed(key, "too late", in_(minutes=1))
    assert jobs.webhooks.get(key).error is None


def test_it_is_given_up_after_some_tries_or_when_told(jobs: JobQueue, key: int) -> None:
    again = [jobs.webhooks.failed(key, "x" * 10_000, datetime.now(UTC)) for _ in range(MOST_TRIES)]
    assert again == [True] * (MOST_TRIES - 1) + [False]
    assert jobs.webhooks.due(in_(days=300)) == []
    assert jobs.webhooks.get(key).tries == MOST_TRIES
    add(jobs, "a2", webhook="https://10.0.0.1")
    jobs.cancel("ada", "a2")
    (hook,) = jobs.webhooks.due()
    assert not jobs.webhooks.failed(hook.job.key, "a private address", None)
    assert jobs.webhooks.due(in_(days=300)) == []


def test_a_clock_that_is_set_back_does_not_put_it_off_for_days(jobs: JobQueue, key: int) -> None:
    jobs.webhooks.due()
    assert jobs.webhooks.failed(key, "down", in_(days=9))
    assert jobs.webhooks.get(key).due <= datetime.now(UTC) + LONGEST
    assert len(jobs.webhooks.due(in_(days=-3))) == 1


def test_many_are_given_out_in_parts_oldest_first(jobs: JobQueue) -> None:
    for number in range(5):
        add(jobs, f"a{number}", webhook="https://x")
        jobs.cancel("ada", f"a{number}")
    assert [hook.job.id for hook in jobs.webhooks.due(limit=3)] == ["a0", "a1", "a2"]
    assert [hook.job.id for hook in jobs.webhooks.due(limit=3)] == ["a3", "a4"]
