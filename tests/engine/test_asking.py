"""A runner has another model make something for it (``context.generate``)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk import Cancelled, Client, InvalidRequest, TextRequest, UnknownModel
from aigc_sdk.contract.events import Started
from aigc_sdk.registry import Registry
from aigc_sdk.settings import EngineSettings, LedgerSettings, Settings
from aigc_sdk.testing.echo import ECHO
from tests.engine.asker import ASKER

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["here", "isolated"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of which only one model may be in memory, beside one that waits for it."""
    registry = Registry()
    registry.add(ECHO)
    asker = registry.add(ASKER)
    if request.param == "isolated":
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        asker.python = sys.executable
    settings = Settings(ledger=LedgerSettings(enabled=False), engine=EngineSettings(max_resident=1))
    with Client(settings=settings, registry=registry) as client:
        yield client


def test_the_answer_comes_and_the_receipt_names_it(client: Client) -> None:
    made = client.generate("text", "echo:one two", model="asker", seed=7)
    assert made.text == "it said one two"
    assert made.receipt is not None
    (part,) = made.receipt.parts
    assert (part.model, part.seed, part.modality, part.task) == ("echo", 8, "text", "chat")
    assert part.output_sha256


def test_cancelling_cancels_what_is_waited_for(client: Client) -> None:
    job = client.submit(TextRequest(prompt="echo-slow:" + "word " * 500, model="asker"))
    for event in job.events():
        if isinstance(event, Started):
            time.sleep(0.3)
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    began = time.monotonic()
    assert client.generate("text", "echo-slow:free again", model="asker").text == "it said free again"
    assert time.monotonic() - began < 10  # 500 words would have taken 15 s


def test_what_the_other_fails_with_comes_back(client: Client) -> None:
    with pytest.raises(UnknownModel, match="nobody"):
        client.generate("text", "nobody:hello", model="asker")


def test_a_model_cannot_wait_for_itself(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="wait for itself"):
        client.generate("text", "asker:asker:echo:hello", model="asker")
