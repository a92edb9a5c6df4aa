"""The licence gate: shown before the first byte, and terms that are not open wait for a yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk.contract.errors import LicenceRefused
from aigc_sdk.contract.manifest import Source
from aigc_sdk.store import Store

from .helpers import Sink, card, tiny

pytestmark = pytest.mark.usefixtures("quick")


def test_an_open_licence_is_shown_before_anything_is_fetched(
    store: Store, index: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("fetched") if not sink.notes else [])
    with pytest.raises(Exception, match="neither pip nor uv"):
        store.pull(tiny(index))
    assert sink.notes[0] == "tiny: licence MIT, https://example.test/terms"


def test_a_closed_one_is_refused_with_the_command_and_the_terms(
    store: Store, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aigc_sdk.store.installers.available", lambda: pytest.fail("an installer was looked for"))
    with pytest.raises(LicenceRefused, match="'Gemma', which is not open") as caught:
        store.pull(tiny(index, licence="Gemma"))
    assert "aigc store accept-licence tiny" in str(caught.value.fix)
    assert "https://example.test/terms" in str(caught.value.fix)


def test_accepting_is_remembered(store: Store, index: Path, home: Path) -> None:
    model = tiny(index, licence="Gemma")
    assert not store.accepted("tiny")
    store.accept_licence("tiny")
    assert Store(home).accepted("tiny")
    assert Store(home).pull(model).is_dir()


def test_accepting_one_model_or_licence_is_not_accepting_another(store: Store, index: Path) -> None:
    store.accept_licence("other")
    store.accept_licence("tiny", "Gemma")
    assert store.accepted("tiny", "Gemma")
    with pytest.raises(LicenceRefused):
        store.pull(tiny(index, licence="Gemma-2"))


def test_settings_may_accept(home: Path, index: Path) -> None:
    assert Store(home, accepted=["tiny"]).pull(tiny(index, licence="Gemma")).is_dir()


def test_an_unknown_licence_is_not_open(store: Store) -> None:
    with pytest.raises(LicenceRefused):
        store.pull(card(Source(uri="hf:some/model"), model="some/model", licence="unknown", format="safetensors"))


def test_what_is_in_the_store_needs_no_second_yes(store: Store, index: Path, home: Path) -> None:
    model = tiny(index, licence="Gemma")
    store.accept_licence("tiny")
    store.pull(model)
    (home / "store" / "licences.json").unlink()
    assert store.pull(model).is_dir()


def test_a_damaged_list_accepts_nothing(store: Store, home: Path) -> None:
    store.accept_licence("tiny")
    (home / "store" / "licences.json").write_text("{")
    assert not store.accepted("tiny")
    store.accept_licence("tiny")
    assert store.accepted("tiny")
