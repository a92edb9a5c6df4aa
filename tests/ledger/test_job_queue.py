"""The queue as clients see it: what they add, ask for, cancel and delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aigc_sdk.contract.errors import InvalidRequest, JobExists, QueueFull
from aigc_sdk.ledger.job_queue import JobQueue

from .samples import add, new_job, run

# --- adding -----------------------------------------------------------------------------------------------------------


def test_what_was_added_is_there(jobs: JobQueue) -> None:
    deadline = datetime.now(UTC) + timedelta(hours=1)
    new = new_job(
        "a1", request={"prompt": "红色 🫖", "n": [1, 2.5, None]}, priority=1, deadline=deadline, webhook="https://x"
    )
    job, made = jobs.add(new, most=1, most_of_owner=1)
    assert made
    assert all(getattr(job, name) == getattr(new, name) for name in new.__slots__)
    assert (job.state, job.attempt, job.progress, job.last_event, job.results) == ("queued", 0, 0, 1, [])
    assert not job.has_ended
    assert abs(datetime.now(UTC) - job.created) < timedelta(minutes=5)
    assert jobs.get("ada", "a1") == job
    assert [event for _, _, event in jobs.events(job.key)] == [{"type": "queued"}]


def test_the_same_again_changes_nothing(jobs: JobQueue) -> None:
    first = add(jobs, "a1")
    again, made = jobs.add(new_job("a1"), most=0, most_of_owner=0)  # not even a full queue matters
    assert (again, made) == (first, False)
    run(jobs)
    again, made = jobs.add(new_job("a1"), most=1, most_of_owner=1)
    assert (again.state, made) == ("completed", False)
    assert jobs.counts() == {"completed": 1}


def test_the_same_id_for_something_else_is_refused(jobs: JobQueue) -> None:
    add(jobs, "a1")
    with pytest.raises(JobExists, match="'a1' already"):
        add(jobs, "a1", digest="e" * 64)
    other = add(jobs, "a1", owner="bob", digest="e" * 64)
    assert jobs.get("bob", "a1") == other
    assert jobs.get("ada", "a1").digest == "d" * 64


def test_a_full_queue_says_when_to_come_again(jobs: JobQueue) -> None:
    for number in range(3):
        add(jobs, f"a{number}")
    with pytest.raises(QueueFull, match="3 jobs of yours wait") as caught:
        jobs.add(new_job("a3"), most=10, most_of_owner=3)
    assert 1 <= caught.value.retry_after_s <= 60
    with pytest.raises(QueueFull, match="3 jobs wait"):
        jobs.add(new_job("b1", "bob"), most=3, most_of_owner=3)
    jobs.claim(1)  # what runs does not wait
    assert jobs.add(new_job("a3"), most=3, most_of_owner=3)[1]
    assert jobs.get("ada", "a3").state == "queued"


def test_the_pace_of_the_server_tells_when_to_come_again(jobs: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        add(jobs, f"a{number}")
    for second in (10.0, 22.0, 34.0):
        monkeypatch.setattr("aigc_sdk.ledger.job_queue.time.monotonic", lambda second=second: second)
        run(jobs)
    with pytest.raises(QueueFull) as caught:
        jobs.add(new_job("a5"), most=1, most_of_owner=1)
    assert caught.value.retry_after_s == 12


@pytest.mark.parametrize(
    "fields", [{"id": ""}, {"id": "x" * 201}, {"id": "a\x00b"}, {"owner": "a\nb"}, {"model": "\ud800"}, {"priority": 2}]
)
def test_what_is_no_job(jobs: JobQueue, fields: dict) -> None:
    with pytest.raises(InvalidRequest):
        jobs.add(replace(new_job("a1"), **fields), most=10, most_of_owner=10)
    assert jobs.counts() == {}


def test_half_characters_and_nul_in_a_request_are_no_failure(jobs: JobQueue) -> None:
    job = add(jobs, "a1", request={"prompt": "half \ud83d, nul \x00"})
    assert job.request == {"prompt": "half ?, nul \x00"}


def test_an_id_is_free_again_after_it_was_deleted(jobs: JobQueue) -> None:
    old = add(jobs, "a1")
    (running,) = jobs.claim(1)
    assert jobs.delete("ada", "a1").state == "running"
    new = add(jobs, "a1", digest="e" * 64)
    (claimed,) = jobs.claim(1)
    assert (claimed.key, claimed.attempt) == (new.key, running.attempt)
    assert new.key != old.key
    assert jobs.beat({running.key: 1, claimed.key: 1}) == {running.key}
    assert not jobs.finish(running.key, running.attempt, "completed")
    assert jobs.get("ada", "a1").state == "running"


# --- asking -----------------------------------------------------------------------------------------------------------


def test_lists_are_the_owners_own_in_order_and_page_by_page(jobs: JobQueue) -> None:
    for number in range(5):
        add(jobs, f"a{number}", kind="video" if number == 3 else "job")
    add(jobs, "b1", "bob")
    run(jobs)

    def ids(**wanted: object) -> list[str]:
        return [job.id for job in jobs.query("ada", **wanted)]

    assert ids() == ["a4", "a3", "a2", "a1", "a0"]
    assert ids(newest_first=False, limit=2) == ["a0", "a1"]
    assert ids(newest_first=False, limit=2, after="a1") == ["a2", "a3"]
    assert ids(limit=2, after="a3") == ["a2", "a1"]
    assert ids(kind="video") == ["a3"]
    assert ids(states=["completed", "failed"]) == ["a0"]
    with pytest.raises(InvalidRequest, match="'b1'"):
        ids(after="b1")
    assert jobs.query("nobody") == []
    assert jobs.get("ada", "b1") is None


def test_counts_in_all_and_of_one(jobs: JobQueue) -> None:
    for number in range(3):
        add(jobs, f"a{number}")
    add(jobs, "b1", "bob", priority=1)
    jobs.claim(2)
    assert jobs.counts() == {"queued": 2, "running": 2}
    assert jobs.counts("ada") == {"queued": 2, "running": 1}
    assert jobs.counts("nobody") == {}


def test_events_are_numbered_and_read_from_where_one_was(jobs: JobQueue) -> None:
    key = add(jobs, "a1").key
    (job,) = jobs.claim(1)
    assert jobs.record(key, job.attempt, {"type": "progress", "stage": "画"}, progress=40)
    assert jobs.record(key, job.attempt, {"type": "note"})
    assert jobs.get("ada", "a1").progress == 40
    assert jobs.finish(key, job.attempt, "failed", error={"code": "out_of_memory", "message": "no"})
    events = jobs.events(key)
    assert [number for number, _, _ in events] == [1, 2, 3, 4, 5]
    assert [event for _, _, event in events[1:]] == [
        {"type": "started", "attempt": 1},
        {"type": "progress", "stage": "画"},
        {"type": "note"},
        {"type": "failed", "error": {"code": "out_of_memory", "message": "no"}},
    ]
    assert all(at.tzinfo is not None for _, at, _ in events)
    assert jobs.events(key, 3) == events[3:]
    assert jobs.events(key, 1, limit=2) == events[1:3]
    assert jobs.events(key, 5) == []
    assert jobs.get("ada", "a1").last_event == 5


def test_changes_tell_of_a_thousand_at_once(jobs: JobQueue) -> None:
    for number in range(30):
        add(jobs, f"a{number}")
    seen = {job.key: job.last_event for job in jobs.query("ada", limit=30)}
    seen |= dict.fromkeys(range(10000, 11000), 0)  # they are gone
    assert jobs.changes({}) == set()
    assert jobs.changes(seen) == set(range(10_000, 11_000))
    (job,) = jobs.claim(1)
    jobs.delete("ada", "a7")
    changed = jobs.changes(seen) - set(range(10_000, 11_000))
    assert changed == {job.key, min(seen) + 7}
    assert jobs.changes({job.key: 2}) == set()
