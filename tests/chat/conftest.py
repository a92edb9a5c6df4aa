from __future__ import annotations

import pytest

pytest.importorskip("bm25s")

from aigc_chat.bot import Bot
from aigc_chat.settings import BotSettings

from .makers import Silence, Teller, small_client
from .pretend import PretendPlatform


@pytest.fixture
def teller(monkeypatch):
    monkeypatch.setattr(Teller, "asked", [])
    monkeypatch.setattr(Silence, "languages", [])
    return Teller


@pytest.fixture
async def client(teller):
    async with small_client() as client:
        yield client


@pytest.fixture
def platform():
    return PretendPlatform()


@pytest.fixture
def make_bot(client, platform):
    """A bot on the pretended platform, with settings. Nobody has to wait if it is not said."""

    def make(service=None, clock=None, **settings):
        extra = {"clock": clock} if clock else {}
        settings = {"rate": {"burst": 99}} | settings
        return Bot(platform, client, BotSettings(**settings), service=service, **extra)

    return make
