"""Every test has its own AIGC_HOME, so that none sees the user's store, ledger or settings, or another test's."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from aigc_sdk import Client
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import echo_registry

# A shell ignores SIGINT for what it runs in the background, and so would every program that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, so that a run never fails by luck, and none by a slow machine.
# `make test ARGS="--hypothesis-profile=search"` looks for new ones; pin what it finds with @example.
hypothesis_settings.register_profile("same", max_examples=150, derandomize=True, deadline=None)
hypothesis_settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis_settings.load_profile("same")


@pytest.fixture(autouse=True, scope="module")
def _quick_collections() -> None:
    """Unloading a model collects garbage. What the modules before this one have imported is not looked at each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own home. Tests marked ``model`` share the real one, so that a model is fetched and converted once."""
    if request.node.get_closest_marker("model"):
        from aigc_sdk.settings import home as real_home

        return real_home()
    folder = tmp_path / "home"
    monkeypatch.setenv("AIGC_HOME", str(folder))
    monkeypatch.delenv("AIGC_OFFLINE", raising=False)
    monkeypatch.delenv("AIGC_DISABLE", raising=False)
    return folder


@pytest.fixture
def client() -> Iterator[Client]:
    """A client that knows the echo plugin only and keeps no ledger."""
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=echo_registry()) as client:
        yield client
