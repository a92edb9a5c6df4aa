"""``aigc speech`` and ``aigc transcribe``: what they write, and what is refused before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Invoke
from .programs import Program


@pytest.mark.model
def test_speech_is_written_with_its_receipt_and_read_back(invoke: Invoke, tmp_path: Path) -> None:
    target = tmp_path / "morning.mp3"
    result = invoke("speech", "The kitchen was warm.", "-o", target, "--seed", "1", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["duration_s"] > 0.8
    assert json.loads((tmp_path / "morning.mp3.receipt.json").read_text())["model"] == "hibari"
    for form, expected in (
        ("text", "kitchen was warm"),
        ("srt", "00:00:00,000 -->"),
        ("vtt", "WEBVTT"),
        ("json", '"segments"'),
    ):
        heard = invoke("transcribe", target, "--format", form, "--lang", "en")
        assert expected in heard.stdout
    captions = tmp_path / "morning.srt"
    assert invoke("transcribe", target, "-o", captions).exit_code == 0
    assert captions.read_text().startswith("1\n00:00:00,000 -->")


@pytest.mark.model
def test_a_pipe_gets_the_sound(aigc: Program) -> None:
    done = aigc("speech", "Hello there.", "--seed", "1")
    assert done.stdout[:4] == b"RIFF"
    heard = aigc("transcribe", "-", "--lang", "en", input=done.stdout)
    assert b"ello there" in heard.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["speech", "hi", "-o", "a.xyz"], 2, "unknown sound format 'xyz'"),
        (["speech", "hi", "-o", "no/such/folder/a.wav"], 2, "does not exist"),
        (["speech", "hi", "-o", "a.wav", "--speed", "0"], 2, "speed"),
        (["speech", "", "-o", "a.wav"], 2, "prompt that is not empty"),
        (["speech", "hi", "-o", "a.wav", "--rate", "1"], 2, "sample_rate"),
        (["speech", "hi", "-o", "a.wav", "-m", "nobody"], 3, "unknown audio model 'nobody'"),
        (["transcribe", "nothing.wav"], 2, "there is no file"),
        (["transcribe", "nothing.wav", "--format", "doc"], 2, "'doc'"),
    ],
)
def test_refusals(invoke: Invoke, arguments: list[str], code: int, message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == code, result.stderr
    assert message in result.stderr


def test_a_text_that_is_too_long_is_refused_unread(invoke: Invoke, tmp_path: Path) -> None:
    text = tmp_path / "long.txt"
    text.write_bytes(b"word " * 1_000_000)
    result = invoke("speech", "--file", text, "-o", tmp_path / "a.wav")
    assert result.exit_code == 2
    assert not (tmp_path / "a.wav").exists()
