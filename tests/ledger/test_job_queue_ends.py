"""How queued jobs end, how long they are kept, and what is left of them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import StoreError
from aigc_sdk.ledger import Ledger
from aigc_sdk.ledger.job_queue import JobQueue

from .samples import add, run

LATER = timedelta(days=400)


def told(jobs: JobQueue, key: int) -> list[str]:
    return [event["type"] for _, _, event in jobs.events(key)]


# --- ending -----------------------------------------------------------------------------------------------------------


def test_what_a_job_made_is_kept_with_it(jobs: JobQueue) -> None:
    add(jobs, "a1")
    expires = datetime.now(UTC) + timedelta(hours=3)
    results = [{"name": "0.png", "media_type": "image/png", "bytes": 7}]
    run(jobs, results=results, receipt={"seed": 7}, units={"images": 1.0}, expires=expires)
    job = jobs.get("ada", "a1")
    assert (job.state, job.progress, job.results, job.receipt) == ("completed", 100, results, {"seed": 7})
    assert (job.units, job.expires, job.error) == ({"images": 1.0}, expires, None)
    assert job.has_ended
    assert job.created <= job.started <= job.finished


def test_cancelling(jobs: JobQueue) -> None:
    waiting, running, ended = add(jobs, "waits"), add(jobs, "runs", priority=1), add(jobs, "ended", priority=1)
    (held,) = jobs.claim(1)
    run(jobs)
    assert jobs.cancel("ada", "waits").state == "cancelled"
    assert jobs.cancel("ada", "runs").state == "cancelled"
    assert jobs.cancel("ada", "runs").state == "cancelled"
    assert jobs.cancel("ada", "ended").state == "completed"
    assert jobs.cancel("ada", "nothing") is None
    assert jobs.cancel("bob", "waits") is None
    assert held.key == running.key
    assert jobs.beat({held.key: held.attempt}) == {held.key}
    assert not jobs.record(held.key, held.attempt, {"type": "late"})
    assert not jobs.finish(held.key, held.attempt, "completed", results=[{"name": "late"}])
    assert jobs.get("ada", "runs").results == []
    assert told(jobs, waiting.key) == ["queued", "cancelled"]
    assert told(jobs, running.key) == ["queued", "started", "cancelled"]
    assert told(jobs, ended.key) == ["queued", "started", "completed"]
    assert jobs.claim(5) == []


def test_deleting_takes_all_of_it(jobs: JobQueue) -> None:
    job = add(jobs, "a1", webhook="https://x")
    run(jobs, results=[{"name": "0.png"}])
    assert jobs.delete("bob", "a1") is None
    assert jobs.delete("ada", "a1").results == [{"name": "0.png"}]
    assert jobs.delete("ada", "a1") is None
    assert jobs.get("ada", "a1") is None
    assert jobs.events(job.key) == []
    assert jobs.webhooks.due() == []


def test_a_deadline_passes_for_those_who_wait_only(jobs: JobQueue) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    runs = add(jobs, "runs", deadline=soon)
    jobs.claim(1)
    add(jobs, "late", deadline=soon, webhook="https://x")
    add(jobs, "early", deadline=soon + timedelta(hours=1))
    add(jobs, "ever")
    while datetime.now(UTC) <= soon:
        pass
    assert jobs.overdue() == 1
    assert jobs.overdue() == 0
    late = jobs.get("ada", "late")
    assert (late.state, late.error["code"]) == ("failed", "deadline_exceeded")
    assert told(jobs, late.key) == ["queued", "failed"]
    assert [hook.job.id for hook in jobs.webhooks.due()] == ["late"]
    assert jobs.counts() == {"failed": 1, "queued": 2, "running": 1}
    assert jobs.finish(runs.key, 1, "completed")


def test_expired_jobs_are_given_out_once_so_that_their_files_can_go(jobs: JobQueue) -> None:
    for number in range(3):
        add(jobs, f"a{number}")
    now = datetime.now(UTC)
    run(jobs, results=[{"name": "0.png"}], expires=now + timedelta(hours=1))
    run(jobs, results=[{"name": "1.png"}], expires=now + timedelta(hours=2))
    assert jobs.expire() == []
    (gone,) = jobs.expire(now + timedelta(minutes=90))
    assert (gone.id, gone.results) == ("a0", [{"name": "0.png"}])
    assert jobs.events(gone.key) == []
    assert [job.id for job in jobs.expire(now + LATER)] == ["a1"]
    assert jobs.expire(now + LATER) == []  # a job that waits does not expire
    assert jobs.counts() == {"queued": 1}


def test_those_that_ended_by_themselves_expire_as_well(ledger: Ledger) -> None:
    jobs = JobQueue(ledger, kept=timedelta(hours=1))
    add(jobs, "a1", deadline=datetime.now(UTC))
    add(jobs, "a2")
    jobs.overdue()
    jobs.cancel("ada", "a2")
    assert jobs.expire() == []
    assert {job.id for job in jobs.expire(datetime.now(UTC) + timedelta(hours=2))} == {"a1", "a2"}


# --- privacy ----------------------------------------------------------------------------------------------------------


def written(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_nothing_of_an_expired_job_is_left_in_the_file(path: Path) -> None:
    jobs = JobQueue(Ledger(f"sqlite:///{path}"))
    for id in ("expires", "deleted", "stays"):
        add(jobs, id, request={"prompt": f"CANARY-{id}"}, priority=-1 if id == "stays" else 0)
    run(jobs, receipt={"request": "CANARY-expires"})
    jobs.delete("ada", "deleted")
    jobs.expire(datetime.now(UTC) + LATER)
    assert b"CANARY-stays" in written(path)
    assert b"CANARY-expires" not in written(path)
    assert b"CANARY-deleted" not in written(path)


def test_forgetting_takes_the_words_at_once_and_the_files_at_the_next_sweep(ledger: Ledger) -> None:
    jobs = JobQueue(ledger)
    for id in ("with-files", "failed", "runs", "waits", "new"):
        add(jobs, id, webhook="https://x/secret", request={"prompt": "CANARY"})
        if id == "waits":
            before = datetime.now(UTC)
    run(jobs, results=[{"name": "0.png"}], receipt={"prompt": "CANARY"})
    (job,) = jobs.claim(1)
    jobs.finish(job.key, job.attempt, "failed", error={"code": "x", "message": "CANARY"})
    jobs.claim(1)
    jobs.cancel("ada", "new")
    ledger.forget(before)
    kept = {job.id: job for job in jobs.query("ada")}
    assert set(kept) == {"with-files", "runs", "waits", "new"}
    blank = kept["with-files"]
    assert (blank.request, blank.receipt, blank.webhook, jobs.events(blank.key)) == ({}, None, None, [])
    assert kept["runs"].request == kept["waits"].request == kept["new"].request == {"prompt": "CANARY"}
    assert [job.results for job in jobs.expire()] == [[{"name": "0.png"}]]
    assert [hook.job.id for hook in jobs.webhooks.due()] == ["new"]


def test_nothing_of_a_forgotten_job_is_left_in_the_file(path: Path) -> None:
    ledger = Ledger(f"sqlite:///{path}")
    jobs = JobQueue(ledger)
    add(jobs, "a1", request={"prompt": "CANARY"})
    run(jobs, results=[{"name": "0.png"}])
    assert b"CANARY" in written(path)
    ledger.forget(datetime.now(UTC))
    assert b"CANARY" not in written(path)


# --- what can go wrong ------------------------------------------------------------------------------------------------


def test_a_locked_database_is_said_and_nothing_is_half_done(path: Path) -> None:
    url = f"sqlite:///{path}"
    jobs, hasty = JobQueue(Ledger(url)), JobQueue(Ledger(url, timeout_s=0.05))
    add(jobs, "a1")
    (job,) = jobs.claim(1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for act in (
        lambda: add(hasty, "a2"),
        lambda: hasty.claim(1),
        lambda: hasty.beat({job.key: 1}),
        lambda: hasty.finish(job.key, 1, "completed"),
        lambda: hasty.cancel("ada", "a1"),
    ):
        with pytest.raises(StoreError, match="held by another process"):
            act()
    assert hasty.get("ada", "a1").state == "running"  # reading goes on
    other.execute("ROLLBACK")
    assert hasty.finish(job.key, 1, "completed")
    assert told(hasty, job.key) == ["queued", "started", "completed"]


def test_a_database_that_is_gone_is_said(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 500)
    with pytest.raises(StoreError, match="is damaged"):
        JobQueue(Ledger(f"sqlite:///{path}")).claim(1)
