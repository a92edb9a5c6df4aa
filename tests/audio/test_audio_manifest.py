"""What the manifest says where a library has no release."""

from __future__ import annotations

import sys

import aigc_audio.manifest
import pytest

from aigc_sdk import Client, MissingExtra
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings


def test_a_python_without_misaki_is_told_which_one_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kokoro = aigc_audio.manifest.KOKORO_RUNNER
    there = kokoro.model_copy(update={"install": aigc_audio.manifest.kokoro_install((3, 13))})
    runners = tuple(there if spec is kokoro else spec for spec in aigc_audio.manifest.MANIFEST.runners)
    registry = Registry()
    registry.add(aigc_audio.manifest.MANIFEST.model_copy(update={"runners": runners}))
    monkeypatch.setitem(sys.modules, "misaki", None)  # as if it were not installed
    with (
        Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client,
        pytest.raises(MissingExtra) as caught,
    ):
        client.generate("audio", "星空之下", model="kokoro")
    assert "needs misaki" in str(caught.value)
    assert "Python 3.11 or 3.12" in str(caught.value.fix)
    assert "no release for Python 3.13" in str(caught.value.fix)


def test_elsewhere_the_extra_brings_it() -> None:
    assert aigc_audio.manifest.kokoro_install((3, 12)) is None
