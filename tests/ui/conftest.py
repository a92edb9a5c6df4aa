"""A playground on loopback, in a thread, whose models are small and slow enough to be watched."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import Client, Manifest, ModelCard
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import ECHO
from tests.server.makers import TASKS, Small, manifest

pytest.importorskip("gradio")

WORD_MS = 20.0
_SLOW = ModelCard(
    id="echo", tasks=("chat",), licence="Apache-2.0", format="none", default_options={"delay_ms": WORD_MS}
)


@dataclass(frozen=True, slots=True)
class Playground:
    """One that runs. ``app`` is its web application."""

    url: str
    client: Client
    app: Any

    @property
    def idle(self) -> bool:
        """Whether no model has anything to do."""
        return all(resident.pending == 0 for resident in self.client.engine.residents.loaded())


def slow_client(folder: Path) -> Client:
    """A client for all modalities, with a ledger in ``folder``; its text model takes ``WORD_MS`` for a word."""
    registry = Registry()
    registry.add(ECHO.model_copy(update={"models": (_SLOW,)}))
    for modality in TASKS:
        registry.add(_waiting(manifest(modality)))
    Small.asked, Small.stopped, Small.go = [], [], threading.Event()
    Small.go.set()
    ledger = LedgerSettings(url=f"sqlite:///{folder / 'ledger.sqlite'}")
    return Client(settings=Settings(ledger=ledger), registry=registry)


def _waiting(plugin: Manifest) -> Manifest:
    """The same, whose model stops in the middle while ``Small.go`` is not set."""
    card = plugin.models[0].model_copy(update={"default_options": {"wait": True}})
    return plugin.model_copy(update={"models": (card,)})


@contextlib.contextmanager
def running(client: Client, **settings: Any) -> Iterator[Playground]:
    """A playground on a free port until the block ends."""
    from aigc_sdk.ui.run import prepared
    from aigc_sdk.ui.settings import UiSettings
    from aigc_sdk.uvicorn_server import address

    with prepared(client, UiSettings(**{"port": 0, **settings})) as (server, listening):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            yield Playground(address(listening), client, server.app)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """One for all tests of a module: gradio takes a second to make its page."""
    folder = tmp_path_factory.mktemp("ui")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_HOME", str(folder / "home"))
        with slow_client(folder) as client, running(client) as playground:
            yield playground


def wait_until(true: Callable[[], object], seconds: float = 30) -> None:
    """Waits for what another thread does; fails if it does not happen."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
