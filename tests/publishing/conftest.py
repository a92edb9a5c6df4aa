"""A board to publish to, and what publishes to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aigc_sdk.contract.adapter import Content
from aigc_sdk.ledger import Ledger
from aigc_sdk.publishing import Publisher, secrets
from aigc_sdk.registry import Registry
from aigc_sdk.settings import Settings
from aigc_sdk.testing import Board
from tests.testing.pinboard import GOOD


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What one test hides is not taken out of the next one's texts."""
    monkeypatch.setattr(secrets, "_hidden", set())
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    with Board() as board:
        monkeypatch.setenv("AIGC_BOARD_TOKEN", board.token)
        yield board


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add_adapter(GOOD)
    return registry


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def settings(board: Board) -> Settings:
    return Settings(targets={"board": {"adapter": "pinboard", "url": board.url}})


@pytest.fixture
def publisher(settings: Settings, registry: Registry, ledger: Ledger) -> Iterator[Publisher]:
    with Publisher(settings=settings, registry=registry, ledger=ledger, sleep=lambda seconds: None) as publisher:
        yield publisher


@pytest.fixture
def content() -> Callable[..., Content]:
    def make(id: str = "a1", **texts: str) -> Content:
        words = {"title": "Der Becher", "excerpt": "Warm.", "body": "<p>红</p>", **texts}
        return Content(id=id, texts={name: (text,) for name, text in words.items()})

    return make
