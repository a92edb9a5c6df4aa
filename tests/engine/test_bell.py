"""Waking an event loop: seldom, in order, and nothing is missed."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest

from aigc_sdk import AsyncJob, Cancelled, Delta, Job, TextRequest
from aigc_sdk.contract.artifacts import TextArtifact
from aigc_sdk.contract.events import Completed, Failed
from aigc_sdk.engine.bell import bell_of
from aigc_sdk.engine.job import ended


@pytest.fixture
async def wakes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What other threads have called in the loop."""
    loop, found = asyncio.get_running_loop(), []
    before = loop.call_soon_threadsafe

    def noted(call: Callable[..., Any], *arguments: Any, **context: Any) -> Any:
        found.append(call)
        return before(call, *arguments, **context)

    monkeypatch.setattr(loop, "call_soon_threadsafe", noted)
    return found


def emit(job: Job, words: int) -> None:
    for word in range(words):
        job.emit(Delta(f"{word} "))
    job.emit(Completed(TextArtifact(text="all")))


def elsewhere(work: Callable[..., Any], *arguments: Any) -> None:
    """Does it in another thread while the loop stands still."""
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    thread.join()


async def test_what_comes_while_the_loop_is_busy_is_one_wake_up(wakes: list[Any]) -> None:
    job = Job(TextRequest(prompt="x"))
    events = AsyncJob(job).events()
    found = [await anext(events)]
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    elsewhere(emit, job, 1000)
    found += [await waiting, *[event async for event in events]]
    assert [event.text for event in found if isinstance(event, Delta)] == [f"{word} " for word in range(1000)]
    assert isinstance(found[-1], Completed)
    assert len(wakes) == 1


async def test_who_waits_for_the_end_is_woken_once(wakes: list[Any]) -> None:
    jobs = [Job(TextRequest(prompt="x")) for _ in range(3)]
    threads = [threading.Thread(target=emit, args=(job, 100)) for job in jobs]
    waiting = asyncio.ensure_future(ended(jobs))
    await asyncio.sleep(0)
    for thread in threads:
        thread.start()
    await waiting
    assert all(job.done for job in jobs)
    # Two that end at the same moment may both have seen that all have ended.
    assert 1 <= len(wakes) <= 3


async def test_the_first_failure_ends_the_wait() -> None:
    jobs = [Job(TextRequest(prompt="x")) for _ in range(3)]
    waiting = asyncio.ensure_future(ended(jobs))
    await asyncio.sleep(0)
    elsewhere(jobs[1].emit, Failed(Cancelled("no more")))
    await waiting
    assert [job.done for job in jobs] == [False, True, False]


async def test_nothing_is_missed_by_many_who_listen() -> None:
    async def heard(job: Job) -> int:
        return len([event async for event in AsyncJob(job).events()])

    jobs = [Job(TextRequest(prompt="x")) for _ in range(20)]
    threads = [threading.Thread(target=emit, args=(job, 200)) for job in jobs]
    listening = [asyncio.ensure_future(heard(job)) for job in jobs]
    await asyncio.sleep(0)
    for thread in threads:
        thread.start()
    assert await asyncio.gather(*listening) == [202] * 20  # Queued, the words, Completed
    assert all(not job._listeners and not job._end_listeners for job in jobs)


def test_a_loop_is_not_kept_and_a_closed_one_is_no_trouble() -> None:
    loop = asyncio.new_event_loop()
    bell, kept = bell_of(loop), ref(loop)
    assert bell_of(loop) is bell
    loop.close()
    bell.ring(lambda: None)
    del loop
    deadline = time.monotonic() + 10
    while kept() is not None and time.monotonic() < deadline:
        gc.collect()
    assert kept() is None
    bell.ring(lambda: None)
