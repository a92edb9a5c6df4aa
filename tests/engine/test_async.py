"""Every sync face has an async twin over the same jobs."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from aigc_sdk import AsyncClient, AsyncJob, Cancelled, Client, Completed, Delta, Job, TextRequest


@pytest.mark.parametrize(("sync", "twin"), [(Client, AsyncClient), (Job, AsyncJob)])
def test_the_async_side_offers_what_the_sync_side_does(sync: type, twin: type) -> None:
    engine_side = {"emit", "stop", "listen", "on_end"}
    methods = {n for n, m in vars(sync).items() if inspect.isfunction(m) and not n.startswith("_")} - engine_side
    assert methods <= set(vars(twin))


async def test_generate_stream_and_submit(client: Client) -> None:
    twin = AsyncClient(client)
    assert (await twin.generate("text", "hello there")).text == "hello there"
    events = [event async for event in twin.stream("text", "a b")]
    assert [e.text for e in events if isinstance(e, Delta)] == ["a", " b"]
    job = await twin.submit(TextRequest(prompt="x y"))
    assert (await job.result()).text == "x y"
    assert isinstance([e async for e in job.events()][-1], Completed)


async def test_cancel(client: Client) -> None:
    job = await AsyncClient(client).submit(TextRequest(prompt="w " * 1000, options={"delay_ms": 10.0}))
    async for event in job.events():
        if isinstance(event, Delta):
            break
    await job.cancel()
    assert job.state == "cancelled"
    with pytest.raises(Cancelled):
        await job.result()


async def test_cancelling_the_task_cancels_the_job(client: Client) -> None:
    task = asyncio.create_task(AsyncClient(client).generate("text", "w " * 1000, options={"delay_ms": 10.0}))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.generate("text", "free").text == "free"


async def test_many_at_once(client: Client) -> None:
    twin = AsyncClient(client)
    artifacts = await asyncio.gather(*(twin.generate("text", f"n {i}") for i in range(50)))
    assert [a.text for a in artifacts] == [f"n {i}" for i in range(50)]
