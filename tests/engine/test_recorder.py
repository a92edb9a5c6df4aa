"""Records of jobs: written together, each one's trouble its own, and there when the artifact is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import Client, TextRequest
from aigc_sdk.contract.errors import StoreError
from aigc_sdk.ledger import Ledger
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import echo_registry


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Client]:
    settings = Settings(ledger=LedgerSettings(url=f"sqlite:///{tmp_path / 'ledger.sqlite'}"))
    with Client(settings=settings, registry=echo_registry()) as client:
        yield client


@pytest.fixture
def transactions(recording: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One for each transaction that writes."""
    assert recording.ledger is not None
    database, found = recording.ledger.open(), []
    write = database.write

    @contextlib.contextmanager
    def noted() -> Iterator[Any]:
        found.append("write")
        with write() as connection:
            yield connection

    monkeypatch.setattr(database, "write", noted)
    return found


def test_whoever_has_the_artifact_finds_its_record(recording: Client) -> None:
    for number in range(20):
        receipt = recording.generate("text", f"word {number}", seed=number).receipt
        assert receipt is not None
        # Another process looks at the database itself.
        entry = Ledger(recording.settings.ledger.location()).get(receipt.job)
        assert (entry.state, entry.seed) == ("completed", number)
        assert entry.receipt is not None


def test_a_short_job_is_one_transaction(
    recording: Client, transactions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aigc_sdk.engine.recorder._GATHER_S", 10)
    for _ in range(10):
        recording.generate("text", "x")
    assert len(transactions) <= 20  # three each, if written one by one


def test_a_long_job_is_seen_while_it_runs(recording: Client) -> None:
    job = recording.submit(TextRequest(prompt="w " * 1000, options={"delay_ms": 10.0}))
    events = job.events()
    while type(next(events)).__name__ != "Delta":
        pass
    assert recording.ledger is not None
    assert recording.ledger.get(job.id).state == "running"
    job.cancel()
    ledger = recording.ledger
    assert ledger is not None
    assert ledger.get(job.id).state == "cancelled"


def test_many_at_once_are_all_there(recording: Client, transactions: list[str]) -> None:
    jobs = [recording.submit(TextRequest(prompt=f"a {number}", seed=number)) for number in range(300)]
    made = {job.id: job.result() for job in jobs}
    assert recording.ledger is not None
    found = {entry.id: entry for entry in recording.ledger.query(limit=None)}
    assert found.keys() == made.keys()
    assert {entry.state for entry in found.values()} == {"completed"}
    assert len(transactions) < 600


def test_one_that_cannot_be_written_is_alone(recording: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Ledger.record_finished

    def picky(ledger: Ledger, receipt: Any) -> None:
        if receipt.seed == 7:
            raise StoreError("not this one")
        record(ledger, receipt)

    monkeypatch.setattr(Ledger, "record_finished", picky)
    jobs = [recording.submit(TextRequest(prompt="x", seed=seed)) for seed in range(20)]
    assert [job.result().receipt.seed for job in jobs] == list(range(20))  # type: ignore[union-attr]
    ledger = recording.ledger
    assert ledger is not None

    def completed() -> set[int | None]:
        return {entry.seed for entry in ledger.query(state="completed", limit=None)}

    # While writing fails nobody waits for it, so they may come later.
    until = time.monotonic() + 20
    while len(completed()) < 19 and time.monotonic() < until:
        time.sleep(0.01)
    assert completed() == set(range(20)) - {7}


def test_together_is_all_or_nothing(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    request = TextRequest(prompt="x")

    def broken() -> None:
        with ledger.together():
            ledger.record_queued("one", request, "echo", "echo")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert ledger.query() == []
    with ledger.together():
        ledger.record_queued("one", request, "echo", "echo")
        ledger.record_queued("two", request, "echo", "echo")
    assert {entry.id for entry in ledger.query()} == {"one", "two"}
    ledger.record_running("one")  # alone again
    assert ledger.get("one").state == "running"
