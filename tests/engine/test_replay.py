from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import Client, InvalidRequest, ModelCard
from aigc_sdk.engine.client import read_receipt
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import ECHO


def test_a_replayed_artifact_is_identical(client: Client, tmp_path: Path) -> None:
    first = client.generate("text", "a b c d e f g", options={"scramble": True})
    first.save(tmp_path / "words.txt")
    assert (tmp_path / "words.txt").read_text() == first.text
    result = client.replay(tmp_path / "words.txt.receipt.json")
    assert result.identical
    assert result.artifact.text == first.text
    assert result.differences == ()


def test_what_is_no_longer_the_same_is_said(client: Client) -> None:
    then = client.generate("text", "a b c").receipt
    old = then.model_copy(update={"plugin_version": "0.9", "output_sha256": "0" * 64})
    result = client.replay(old)
    assert not result.identical
    assert result.differences == ("plugin version: 0.9 then, 1.0 now",)


@pytest.mark.parametrize("content", ["not json", "[]", "{}", '{"job": 1}'])
def test_a_file_that_is_no_receipt(client: Client, tmp_path: Path, content: str) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(content)
    with pytest.raises(InvalidRequest):
        client.replay(path)
    with pytest.raises(InvalidRequest, match="cannot read"):
        read_receipt(tmp_path / "nowhere.json")


def test_a_model_that_does_not_serve_the_usual_task_can_be_replayed() -> None:
    card = ModelCard(id="writer", tasks=("text-generation",), licence="MIT", format="none")
    registry = Registry()
    registry.add(ECHO.model_copy(update={"models": (card,), "default_model": "writer"}))
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client:
        receipt = client.generate("text", "a b c").receipt
        assert receipt.task == "text-generation"
        assert client.replay(receipt).identical
