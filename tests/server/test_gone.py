"""Clients that go away: their jobs end within a step, and nothing of them stays."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import tracemalloc
from typing import Any

import httpx
import pytest

from aigc_sdk import Client
from aigc_sdk.engine.job import Job

from .conftest import Served, wait_until

LONG = {
    "messages": [{"role": "user", "content": "word " * 1500}],
    "options": {"delay_ms": 10.0},
}


@pytest.fixture
def jobs(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that the server submits."""
    found: list[Job] = []
    submit = client.submit

    def noted(request: Any, **how: Any) -> Job:
        found.append(submit(request, **how))
        return found[-1]

    monkeypatch.setattr(client, "submit", noted)
    return found


def words_of(job: Job) -> int:
    return len(job._events)


@pytest.mark.parametrize("n", [1, 3])
def test_in_the_middle_of_a_stream(served: Served, jobs: list[Job], n: int) -> None:
    with httpx.stream("POST", f"{served.url}/chat/completions", json={**LONG, "stream": True, "n": n}) as answer:
        for line in answer.iter_lines():
            if line:
                break
    wait_until(lambda: all(job.done for job in jobs))
    assert [job.state for job in jobs] == ["cancelled"] * n
    assert all(words_of(job) < 500 for job in jobs)


def test_before_an_answer_that_is_not_streamed(served: Served, jobs: list[Job]) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{served.url}/chat/completions", json=LONG, timeout=0.5)
    wait_until(lambda: bool(jobs) and jobs[0].done)
    assert jobs[0].state == "cancelled"


def test_while_the_job_still_waits(served: Served, jobs: list[Job]) -> None:
    slow = {**LONG, "model": "echo-slow"}
    url = f"{served.url}/chat/completions"
    with httpx.stream("POST", url, json={**slow, "stream": True}) as first:
        pieces = first.iter_raw()
        next(pieces)
        for stream in (False, True):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(url, json={**slow, "stream": stream}, timeout=0.3)
        wait_until(lambda: len(jobs) == 3 and all(job.state == "cancelled" for job in jobs[1:]))
        assert jobs[0].state == "running"
    wait_until(lambda: jobs[0].done)


def test_the_slot_is_free_again(served: Served, jobs: list[Job]) -> None:
    url = f"{served.url}/chat/completions"
    with httpx.stream("POST", url, json={**LONG, "model": "echo-slow", "stream": True}) as answer:
        pieces = answer.iter_raw()
        next(pieces)
    short = {"model": "echo-slow", "messages": [{"role": "user", "content": "free"}]}
    answer = httpx.post(url, json=short, timeout=30)
    assert answer.json()["choices"][0]["message"]["content"] == "free"


async def ask(client: httpx.AsyncClient, url: str, leaves: bool, stream: bool) -> None:
    body = {
        "messages": [{"role": "user", "content": "word " * (2000 if leaves else 5)}],
        "stream": stream,
        "options": {"delay_ms": 1.0 if leaves else 0.0},
        "n": 2 if stream else 1,
    }
    if not leaves:
        answer = await client.post(url, json=body)
        assert answer.status_code == 200
    elif stream:
        async with client.stream("POST", url, json=body) as streamed:
            async for _ in streamed.aiter_raw():
                break
    else:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(url, json=body, timeout=0.05)


async def many(url: str, count: int, seed: int) -> None:
    """Requests, eight at a time, of which one in twenty goes away."""
    dice = random.Random(seed)
    gate = asyncio.Semaphore(8)
    async with httpx.AsyncClient(timeout=60) as client:

        async def one() -> None:
            async with gate:
                await ask(client, url, leaves=dice.random() < 0.05, stream=dice.random() < 0.5)

        await asyncio.gather(*(one() for _ in range(count)))


def test_nothing_of_them_stays(served: Served, client: Client) -> None:
    url = f"{served.url}/chat/completions"
    asyncio.run(many(url, 60, seed=0))  # what is made once
    (resident,) = client.engine.residents.loaded()
    wait_until(lambda: resident.pending == 0)
    threads = threading.active_count()
    gc.collect()
    tracemalloc.start()
    asyncio.run(many(url, 250, seed=1))
    wait_until(lambda: resident.pending == 0)
    gc.collect()
    first = tracemalloc.get_traced_memory()[0]
    asyncio.run(many(url, 250, seed=2))
    wait_until(lambda: resident.pending == 0)
    gc.collect()
    second = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert not [job for job in gc.get_objects() if isinstance(job, Job) and (job._listeners or not job.done)]
    assert threading.active_count() <= threads
    assert second - first < 200_000, "bytes that 250 requests left behind"
