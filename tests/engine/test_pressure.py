"""A plugin that hangs, dies in odd ways or meddles with the process: contained, named, and the next request works."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aigc_sdk import BrokenPlugin, Client, DeadlineExceeded, OutOfMemory, TextRequest
from aigc_sdk.registry import Registry
from aigc_sdk.settings import EngineSettings, LedgerSettings, Settings
from tests.engine.rogue import HUNG, LEAKED, ROGUE


@pytest.fixture
def rogue() -> Iterator[Client]:
    registry = Registry()
    registry.add(ROGUE)
    settings = Settings(ledger=LedgerSettings(enabled=False), engine=EngineSettings(hang_grace_s=0.3))
    HUNG.clear()
    with Client(settings=settings, registry=registry) as client:
        yield client
        HUNG.set()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("exotic", "Exotic: boo"),
        ("unprintable", "cannot be shown"),
        ("exit", "SystemExit: 3"),
        ("exit in preprocess", "SystemExit: 4"),
        ("wrong type", "holds a str, not an artifact"),
        ("only words", "failed with a str, not with an error"),
        ("orphan", "Orphan"),
        ("orphan in preprocess", "Orphan"),
    ],
)
def test_odd_deaths_are_contained_and_named(rogue: Client, how: str, says: str) -> None:
    with pytest.raises(BrokenPlugin, match=rf"\[rogue\].*{says}"):
        result(rogue, how)
    assert rogue.generate("text", "next").text == "next"


def result(rogue: Client, how: str) -> object:
    """Of a job that behaves so; a job that never ends is a failure of the test."""
    return rogue.submit(TextRequest(prompt="x", options={"how": how})).result(timeout=20)


def test_too_little_memory_that_has_no_words(rogue: Client) -> None:
    with pytest.raises(OutOfMemory, match="cannot be shown"):
        result(rogue, "unprintable memory")
    assert rogue.generate("text", "next").text == "next"


def test_a_hook_that_ends_the_program_ends_no_job_for_ever(rogue: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(*_: object, **__: object) -> None:
        raise SystemExit(5)

    with monkeypatch.context() as patched:
        patched.setattr(rogue.engine._hooks, "pipe", _only("after_generate", rogue.engine._hooks.pipe, leave))
        with pytest.raises(BrokenPlugin, match="SystemExit: 5"):
            result(rogue, "well")
    with monkeypatch.context() as patched:
        patched.setattr(rogue.engine._hooks, "tell", leave)
        with pytest.raises(BrokenPlugin, match="SystemExit: 3"):
            result(rogue, "exit")
    (resident,) = rogue.engine.residents.loaded()
    assert resident.pending == 0
    assert rogue.generate("text", "next").text == "next"


def _only(hook: str, other: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    return lambda name, *rest, **named: (instead if name == hook else other)(name, *rest, **named)


def test_a_neighbour_of_an_odd_death_finishes(rogue: Client) -> None:
    requests = [TextRequest(prompt=str(i), options={"how": "exotic" if i == 1 else "well"}) for i in range(4)]
    results = rogue.generate_many(requests)
    assert isinstance(results[1], BrokenPlugin)
    assert [r.text for i, r in enumerate(results) if i != 1] == ["0", "2", "3"]


def test_a_hanging_plugin_is_given_up_and_what_waited_runs_anew(
    rogue: Client, caplog: pytest.LogCaptureFixture
) -> None:
    hung = rogue.submit(TextRequest(prompt="x", options={"how": "hang"}, deadline_s=0.2))
    time.sleep(0.1)
    waiting = rogue.submit(TextRequest(prompt="patient"))
    with pytest.raises(DeadlineExceeded):
        hung.result()
    assert waiting.result(timeout=10).text == "patient"
    assert "'rogue' hangs in run()" in caplog.text
    assert len(rogue.engine.residents.loaded()) == 1


def test_the_batch_mates_of_a_hanging_item_are_told(rogue: Client) -> None:
    hung = rogue.submit(TextRequest(prompt="x", options={"how": "hang"}))
    mate = rogue.submit(TextRequest(prompt="y", options={"how": "hang"}))
    time.sleep(0.2)
    hung.cancel()
    with pytest.raises(BrokenPlugin, match="hangs"):
        mate.result(timeout=10)


def test_a_slow_step_after_a_cancel_is_not_taken_for_a_hang(rogue: Client) -> None:
    slow = rogue.submit(TextRequest(prompt="x", options={"how": "slow"}))
    time.sleep(0.1)
    resident = rogue.engine.residents.loaded()[0]
    slow.cancel()
    time.sleep(0.6)
    assert rogue.engine.residents.loaded() == [resident]


def test_torchs_global_settings_are_put_back_and_the_plugin_named(
    rogue: Client, caplog: pytest.LogCaptureFixture
) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with caplog.at_level(logging.WARNING):
        rogue.generate("text", "x", options={"how": "torch"})
    assert torch.get_default_dtype() == torch.float32
    assert torch.rand(1) == expected
    assert "'rogue' changed torch's default dtype" in caplog.text
    assert "'rogue' changed torch's seed" in caplog.text


def test_the_runners_own_rungs_are_taken_and_recorded(rogue: Client) -> None:
    receipt = rogue.generate("text", "x", options={"how": "memory until tiled"}).receipt
    assert receipt.rungs == ("free-caches", "tile")


def test_a_batch_is_halved_until_only_the_item_at_fault_fails(rogue: Client) -> None:
    hows = ["well", "well", "memory above two", "well"]
    results = rogue.generate_many([TextRequest(prompt=str(i), options={"how": h}) for i, h in enumerate(hows)])
    assert results[2].rungs == ["free-caches", "tile", "offload", "halve-batch", "free-caches"]
    assert [r.text for i, r in enumerate(results) if i != 2] == ["0", "1", "3"]
    assert "halve-batch" in results[3].receipt.rungs


def test_a_plugin_that_leaks_is_named_when_its_model_is_unloaded(
    rogue: Client, caplog: pytest.LogCaptureFixture
) -> None:
    rogue.generate("text", "x")
    rogue.engine.residents.unload("rogue")
    LEAKED.append(bytearray())
    try:
        rogue.generate("text", "x")
        rogue.engine.residents.unload("rogue")
    finally:
        LEAKED.clear()
    assert "plugin 'rogue' keeps 1" in caplog.text
    caplog.clear()
    rogue.generate("text", "x")
    rogue.engine.residents.unload("rogue")
    assert "keeps" not in caplog.text
