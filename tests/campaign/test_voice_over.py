from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import SMALL
from .voice import SPOKEN, VOICE

ALOUD = SMALL.model_copy(update={"voice_over": True})


@pytest.fixture
def voiced(run, scripted_client):
    """Runs the small campaign with a voice installed."""
    SPOKEN.clear()
    scripted_client.registry.add(VOICE)
    return run


def test_each_segment_gets_a_sound_and_captions_that_are_in_time(voiced, tmp_path: Path) -> None:
    result = voiced(settings=ALOUD)
    (voice,) = result.manifest.voice_overs
    assert voice.file == "voice/home-office.en.mp3"
    assert voice.text.endswith("Order yours today.")
    assert voice.text.count("Order yours today.") == 1
    assert (tmp_path / "out" / voice.file).stat().st_size > 44
    assert (tmp_path / "out/voice/home-office.en.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:01,000\n")
    assert (tmp_path / "out/voice/home-office.en.vtt").read_text().startswith("WEBVTT\n")
    assert " ".join(c["text"] for c in voice.captions) == voice.text
    page = result.page.read_text()
    assert '<audio controls preload="metadata" src="voice/home-office.en.mp3">' in page
    assert "AI voice" in page


def test_the_voice_says_what_an_ad_says(voiced) -> None:
    result = voiced(settings=ALOUD)
    (voice,) = result.manifest.voice_overs
    texts = [" ".join(ad.texts(field)) for ad in result.manifest.ads for field in ("primary_text", "description")]
    assert any(text and voice.text.startswith(text) for text in texts)


def test_a_second_run_speaks_nothing_again_unless_the_sound_is_gone(voiced, tmp_path: Path) -> None:
    voiced(settings=ALOUD)
    voiced(settings=ALOUD)
    assert len(SPOKEN) == 1
    for sound in (tmp_path / "out/.aigc/voice").glob("*.mp3"):
        sound.unlink()
    voiced(settings=ALOUD)
    assert len(SPOKEN) == 2


def test_without_a_voice_the_copy_is_there_and_the_gap_says_what_to_do(run) -> None:
    result = run(settings=ALOUD)
    (gap,) = result.gaps
    assert (gap.channel, gap.segment) == ("voice-over", "home office")
    assert "no installed plugin serves audio" in gap.what
    assert "plugins doctor" in result.page.read_text()
    assert result.manifest.ads


def test_a_voice_that_fails_is_a_gap(voiced) -> None:
    result = voiced(settings=ALOUD.model_copy(update={"voice": "mute"}))
    assert [gap.what for gap in result.gaps] == ["voice-over: has no voice 'mute' (take another)"]


def test_no_voice_is_asked_for_if_it_is_switched_off(voiced) -> None:
    assert voiced().manifest.voice_overs == ()
    assert SPOKEN == []
