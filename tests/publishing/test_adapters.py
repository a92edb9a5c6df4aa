"""Opening adapters by the name of their target, and what leaves them when they fail."""

from __future__ import annotations

import pytest

from aigc_sdk.contract.adapter import AdapterManifest
from aigc_sdk.contract.errors import (
    AdapterError,
    AigcError,
    BrokenPlugin,
    InvalidRequest,
    MissingExtra,
    UnknownPlugin,
    WriteConflict,
)
from aigc_sdk.publishing import secrets
from aigc_sdk.publishing.adapters import check_state, guarded, manifest_of, open_adapter, targets
from aigc_sdk.registry import PluginInfo, Registry
from aigc_sdk.settings import Settings
from tests.testing.pinboard import GOOD, Pinboard, manifest

SECRET = "planted-canary-4711"


def registry(*manifests: AdapterManifest) -> Registry:
    registry = Registry()
    for one in manifests:
        registry.add_adapter(one)
    return registry


def test_every_adapter_is_a_target_under_its_own_name() -> None:
    settings = Settings(targets={"shop": {"adapter": "pinboard", "url": "https://x"}, "pinboard": {"url": "https://y"}})
    assert targets(settings, registry(GOOD)) == {"pinboard": "pinboard", "shop": "pinboard"}


def test_an_unknown_target_suggests_the_nearest() -> None:
    with pytest.raises(UnknownPlugin, match="no adapter or target 'pinbord'") as found:
        manifest_of("pinbord", Settings(), registry(GOOD))
    assert "pinboard" in (found.value.fix or "")
    settings = Settings(targets={"shop": {"adapter": "wordpres"}})
    with pytest.raises(UnknownPlugin, match="no adapter 'wordpres' is installed"):
        manifest_of("shop", settings, registry(manifest("wordpress")))


def test_an_adapter_that_lacks_its_libraries_says_what_to_install() -> None:
    lacking = manifest("lacking", requires=("httpx", "no_such_library"), extra="cms")
    with pytest.raises(MissingExtra, match="no_such_library") as found:
        manifest_of("lacking", Settings(), registry(lacking))
    assert found.value.fix == "pip install 'aigc-sdk[cms]'"


def test_an_adapter_that_is_set_aside_or_switched_off() -> None:
    broken, off = registry(), registry()
    error = BrokenPlugin("cannot be imported", plugin="bad")
    broken._adapters.append(PluginInfo("bad", "", "", error=error))
    with pytest.raises(BrokenPlugin, match="cannot be imported"):
        manifest_of("bad", Settings(), broken)
    off._adapters.append(PluginInfo("off", "", "", manifest=GOOD, disabled=True))
    with pytest.raises(UnknownPlugin, match="is switched off") as found:
        manifest_of("off", Settings(), off)
    assert found.value.fix == "aigc plugins enable off"


def test_an_adapter_is_opened_without_being_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(targets={"shop": {"adapter": "pinboard", "url": "https://board.example"}})
    with pytest.raises(InvalidRequest, match="AIGC_SHOP_TOKEN"):
        open_adapter("shop", settings, registry(GOOD))
    assert isinstance(open_adapter("shop", settings, registry(GOOD), complete=False), Pinboard)
    monkeypatch.setenv("AIGC_SHOP_TOKEN", SECRET)
    adapter = open_adapter("shop", settings, registry(GOOD))
    assert isinstance(adapter, Pinboard)
    assert adapter.credentials.target == "shop"


def test_a_factory_that_cannot_be_imported() -> None:
    with pytest.raises(BrokenPlugin, match="cannot be imported"):
        open_adapter("lost", Settings(), registry(manifest("lost", credentials=(), factory="nowhere:at_all")))


def test_what_an_adapter_raises_names_it_and_no_secret() -> None:
    secrets.hide(SECRET)
    with pytest.raises(AdapterError) as found, guarded("blog"):
        raise ZeroDivisionError(f"cannot divide {SECRET}\nat all")
    assert (found.value.plugin, found.value.what) == ("blog", "failed: ZeroDivisionError: cannot divide [secret]")
    assert found.value.fix
    with pytest.raises(WriteConflict) as conflict, guarded("blog"):
        raise WriteConflict(f"post {SECRET}", fix=f"see {SECRET}")
    assert (conflict.value.plugin, conflict.value.what, conflict.value.fix) == ("blog", "post [secret]", "see [secret]")
    assert SECRET not in repr(conflict.value)
    with pytest.raises(AigcError) as kept, guarded("blog"):
        raise AigcError("x", plugin="other")
    assert kept.value.plugin == "other"
    with pytest.raises(KeyboardInterrupt), guarded("blog"):
        raise KeyboardInterrupt


def test_a_state_that_it_has_not() -> None:
    check_state(GOOD, "draft")
    with pytest.raises(InvalidRequest, match="board cannot publish as 'paused'") as found:
        check_state(GOOD, "paused")
    assert found.value.fix == "one of draft, published, scheduled"
