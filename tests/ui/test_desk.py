"""What all tabs share: runs, their end, and the results that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.errors import AigcError, InvalidRequest
from aigc_sdk.contract.requests import ImageRequest, TextRequest
from aigc_sdk.ui.desk import Desk, Visitor
from aigc_sdk.ui.runs import Run
from aigc_sdk.ui.settings import UiSettings
from aigc_sdk.ui.shelf import Shelf
from tests.server.makers import Small

from .conftest import slow_client, wait_until

ANN = Visitor("a", "ann")
BEN = Visitor("b", "ben")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with slow_client(tmp_path) as client:
        yield make_desk(client, tmp_path)


def make_desk(client: Client, folder: Path, **settings: int) -> Desk:
    (folder / "kept").mkdir(exist_ok=True)
    chosen = UiSettings(**settings)
    return Desk(client, Shelf(folder / "kept", chosen), chosen)


async def ended(desk: Desk, *requests: object, visitor: Visitor = ANN) -> Run:
    """A run that was waited for."""
    runs = [run async for run in desk.run(visitor, "tab", lambda: requests)]
    assert runs[-1].done
    return runs[-1]


async def test_a_run_is_seen_while_it_goes_on_and_kept_for_who_began_it(desk: Desk) -> None:
    seen = [run.items[0].text async for run in desk.run(ANN, "text", lambda: [TextRequest(prompt="w " * 60)])]
    assert len(set(seen)) > 3
    (job,) = desk.jobs_of("ann")
    kept = desk.shelf.get(job, "ann")
    assert kept is not None
    assert kept.file.read_text() == seen[-1] == kept.text
    assert kept.receipt_file.exists()
    assert desk.shelf.get(job, "ben") is None
    assert desk.shelf.get(job, None) is None
    assert desk.jobs_of("ben") == set()


async def test_cancelling_one_tab_of_one_page(desk: Desk) -> None:
    async def run(visitor: Visitor, tab: str, words: int) -> Run:
        async for now in desk.run(visitor, tab, lambda: [TextRequest(prompt="w " * words)]):
            if now.items[0].text and words > 100:
                desk.cancel(visitor, tab)
        return now

    long, other, short = await asyncio.gather(run(ANN, "text", 2000), run(BEN, "text", 20), run(ANN, "more", 20))
    assert str(long.first_error) == "the job was cancelled"
    assert not other.first_error
    assert not short.first_error
    desk.cancel(ANN, "text")  # nothing runs any more


async def test_who_leaves_cancels(desk: Desk) -> None:
    async with aclosing(desk.run(ANN, "text", lambda: [TextRequest(prompt="w " * 2000)])) as runs:
        async for run in runs:
            if run.items[0].text:
                break
    wait_until(lambda: all(resident.pending == 0 for resident in desk.client.engine.residents.loaded()))


async def test_errors_are_of_the_run_and_not_raised(desk: Desk) -> None:
    def none() -> list[TextRequest]:
        raise InvalidRequest("the prompt is empty")

    assert [run.error.what async for run in desk.run(ANN, "text", none) if run.error] == ["the prompt is empty"]
    unknown = await ended(desk, TextRequest(prompt="x", model="nobody"))
    assert unknown.error is not None
    assert unknown.error.code == "unknown_model"
    failing = await ended(desk, TextRequest(prompt="one two three", options={"fail": "error"}))
    assert isinstance(failing.first_error, AigcError)
    assert "ZeroDivisionError" in failing.first_error.what


async def test_one_of_several_that_fails_leaves_the_others(desk: Desk) -> None:
    run = await ended(desk, ImageRequest(prompt="red"), ImageRequest(prompt="nothing"), ImageRequest(prompt="blue"))
    assert len(run.kept) == 2
    assert str(run.first_error).startswith("[small-image] there is nothing to paint")


async def test_a_fault_of_ours_ends_the_run(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> list[TextRequest]:
        raise ZeroDivisionError

    (run,) = [run async for run in desk.run(ANN, "text", broken)]
    assert "fault in aigc-sdk" in str(run.error)
    assert "ZeroDivisionError" in caplog.text


async def test_more_runs_than_are_taken(desk: Desk, tmp_path: Path) -> None:
    small = make_desk(desk.client, tmp_path, max_runs=1)
    first = small.run(ANN, "text", lambda: [TextRequest(prompt="w " * 2000)])
    await anext(first)
    refused = await ended(small, TextRequest(prompt="x"), visitor=BEN)
    assert refused.error is not None
    assert "try again" in str(refused.error)
    await first.aclose()
    assert (await ended(small, TextRequest(prompt="x"), visitor=BEN)).kept


async def test_the_oldest_results_make_room(desk: Desk, tmp_path: Path) -> None:
    small = make_desk(desk.client, tmp_path, max_kept=2)
    kept = [(await ended(small, TextRequest(prompt=f"word{n}"))).kept[0] for n in range(4)]
    assert [small.shelf.get(one.job, "ann") is not None for one in kept] == [False, False, True, True]
    assert [one.file.exists() for one in kept] == [False, False, True, True]
    tiny = make_desk(desk.client, tmp_path, max_kept_bytes=1)
    one, other = [(await ended(tiny, TextRequest(prompt=f"word{n}"))).kept[0] for n in range(2)]
    assert not one.file.exists()
    assert other.file.exists()  # the newest is there, however large


async def test_stopping_ends_everything(desk: Desk) -> None:
    Small.go.clear()
    requests = [ImageRequest(prompt="red"), ImageRequest(prompt="blue")]
    async for run in desk.run(ANN, "image", lambda: requests):
        if run.items[0].step:
            desk.stop()
    assert run.done
    assert not run.kept
