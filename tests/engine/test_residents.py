from __future__ import annotations

from collections.abc import Iterator

import pytest

from aigc_sdk import Client, Manifest, ModelCard, OutOfMemory, TextRequest
from aigc_sdk.registry import Registry
from aigc_sdk.settings import EngineSettings, LedgerSettings, Settings
from aigc_sdk.testing import ECHO


def crowd() -> Registry:
    """The echo plugin with five models of the same size."""
    cards = tuple(
        ModelCard(id=f"m{i}", tasks=("chat",), licence="MIT", format="none", size_bytes=1000) for i in range(5)
    )
    registry = Registry()
    registry.add(Manifest(**{**ECHO.model_dump(), "models": cards, "default_model": "m0"}))
    return registry


def client_with(**engine) -> Client:
    settings = Settings(ledger=LedgerSettings(enabled=False), engine=EngineSettings(**engine))
    return Client(settings=settings, registry=crowd())


@pytest.fixture
def two() -> Iterator[Client]:
    with client_with(max_resident=2) as client:
        yield client


def loaded(client: Client) -> list[str]:
    return [resident.card.id for resident in client.engine.residents.loaded()]


def test_the_least_recently_used_model_is_evicted(two: Client) -> None:
    for model in ("m0", "m1", "m0", "m2"):
        two.generate("text", "x", model=model)
    assert loaded(two) == ["m0", "m2"]


def test_a_model_with_work_is_not_evicted(two: Client) -> None:
    busy = two.submit(TextRequest(prompt="w " * 20, model="m0", options={"delay_ms": 20.0}))
    two.generate("text", "x", model="m1")
    two.generate("text", "x", model="m2")
    assert "m0" in loaded(two)
    assert busy.result().text.count("w") == 20


def test_a_newcomer_waits_until_a_busy_model_is_done() -> None:
    with client_with(max_resident=1) as client:
        busy = client.submit(TextRequest(prompt="w " * 20, model="m0", options={"delay_ms": 10.0}))
        assert client.generate("text", "x", model="m1").text == "x"
        assert busy.done
        assert loaded(client) == ["m1"]


def test_pinned_models_stay_and_say_so() -> None:
    with client_with(max_resident=1, pinned=["m0"]) as client:
        client.generate("text", "x", model="m0")
        with pytest.raises(OutOfMemory, match=r"only pinned models are loaded \(m0\)"):
            client.generate("text", "x", model="m1")
        client.engine.residents.pin("m0", on=False)
        assert client.generate("text", "x", model="m1").text == "x"


def test_unloading_by_name(two: Client) -> None:
    two.generate("text", "x", model="m0")
    assert two.engine.residents.unload("m0") == 1
    assert loaded(two) == []
    assert two.generate("text", "x", model="m0").text == "x"
