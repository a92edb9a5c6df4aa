from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import Client, InvalidRequest
from aigc_sdk.engine.client import read_receipt


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
