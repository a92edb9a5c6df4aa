"""What can be chosen, with the plugins that ship: read from their manifests, without their models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aigc_sdk import Client
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.ui import choices


@pytest.fixture
def packaged(home: object) -> Iterator[Client]:
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        yield client


def test_the_default_model_comes_first(packaged: Client) -> None:
    shown = choices.models(packaged, "text", "chat")
    assert shown[0] == ("Default (smollm2-135m-instruct)", "")
    assert ("qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-0.5b-instruct") in shown
    assert "whisper-base" not in str(choices.models(packaged, "audio", "text-to-speech"))
    assert choices.models(packaged, "audio", "transcribe") == [("Default (whisper-base)", ""), ("whisper-base",) * 2]


def test_the_default_of_the_settings(home: object) -> None:
    settings = Settings(models={"text": "qwen2.5-coder"}, ledger=LedgerSettings(enabled=False))
    with Client(settings=settings) as client:
        assert choices.models(client, "text", "chat")[0] == ("Default (qwen2.5-coder-0.5b-instruct)", "")


def test_voices_are_those_of_the_model_that_speaks_the_language(packaged: Client) -> None:
    assert ("heart", "heart") in choices.voices(packaged, "", "")
    chinese = choices.voices(packaged, "", "zh")
    assert ("heart", "heart") not in chinese
    assert len(chinese) > 2
    assert choices.voices(packaged, "nobody", "") == [("The model's own", "")]


def test_languages_have_names(packaged: Client) -> None:
    spoken = choices.languages(packaged, "audio", "text-to-speech")
    assert ("Chinese", "zh") in spoken
    assert ("Chinese", "zh") in choices.languages(packaged, "audio", "transcribe")
    assert choices.language("pt-BR") == "Portuguese (BR)"
    assert choices.language("eo") == "eo"
