"""The default voice through the engine: streaming, long texts, seeds, cancelling, refusals."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest

from aigc_sdk import AudioRequest, Client
from aigc_sdk.contract.artifacts import AudioArtifact
from aigc_sdk.contract.errors import Cancelled, InvalidRequest
from aigc_sdk.contract.events import Completed, Delta, Progress

from .conftest import samples

pytestmark = pytest.mark.model

TEXT = "Your morning, in red. It holds 350 ml, and costs $12.50! Will you take two? Yes.\n\nThen good morning to you."


def test_a_voice_over_is_as_loud_as_asked_and_has_no_clicks(audio: Client) -> None:
    sound, rate = samples(audio.generate("audio", TEXT * 3, seed=1))
    assert pyloudnorm.Meter(rate).integrated_loudness(sound) == pytest.approx(-16, abs=1)
    steps = np.abs(np.diff(sound))
    pauses = np.flatnonzero(np.convolve(sound == 0, np.ones(rate // 20), "valid") == rate // 20)
    edges = [i for i in pauses if i and (sound[i - 1] != 0)] + [i + rate // 20 for i in pauses]
    assert len(pauses) > 10
    assert max(float(steps[max(0, i - 50) : i + 50].max(initial=0)) for i in edges) < 0.02
    quiet, _ = samples(audio.generate("audio", TEXT, seed=1, options={"loudness": -23}))
    assert pyloudnorm.Meter(rate).integrated_loudness(quiet) == pytest.approx(-23, abs=1)


def test_the_sound_streams_sentence_by_sentence_and_is_the_artifact(audio: Client) -> None:
    events = list(audio.stream("audio", TEXT, seed=1))
    deltas = [e for e in events if isinstance(e, Delta)]
    assert len(deltas) == 5
    assert {d.sample_rate for d in deltas} == {24_000}
    pcm = b"".join(d.audio for d in deltas)
    artifact = events[-1].artifact  # type: ignore[attr-defined]
    assert artifact.content()[-len(pcm) :] == pcm
    assert artifact.duration_s == pytest.approx(len(pcm) / 2 / 24_000)
    assert [(e.step, e.of) for e in events if isinstance(e, Progress)] == [(i, 5) for i in range(1, 6)]
    first = next(i for i, e in enumerate(events) if isinstance(e, Delta))
    assert first < next(i for i, e in enumerate(events) if isinstance(e, Progress) and e.step == 1)


def test_streaming_can_be_switched_off(audio: Client) -> None:
    events = list(audio.stream("audio", TEXT, seed=1, options={"stream": False}))
    assert not any(isinstance(e, Delta) for e in events)


def test_resampled_sound_streams_whole(audio: Client) -> None:
    events = list(audio.stream("audio", TEXT, seed=1, sample_rate=44_100))
    pcm = b"".join(e.audio for e in events if isinstance(e, Delta))
    artifact = events[-1].artifact  # type: ignore[attr-defined]
    assert artifact.sample_rate == 44_100
    assert artifact.content()[-len(pcm) :] == pcm


def test_an_item_is_the_same_alone_and_in_any_batch(audio: Client) -> None:
    texts = ["One cup.", TEXT, "Another cup of tea, please.", "One cup."]
    requests = [AudioRequest(prompt=t, seed=i) for i, t in enumerate(texts)]
    alone = [audio.submit(r).result().sha256() for r in requests]
    together = audio.generate_many(requests[::-1])[::-1]
    assert [a.sha256() for a in together if isinstance(a, AudioArtifact)] == alone
    assert alone[0] != alone[3]


def test_cancelling_ends_a_long_text_within_a_sentence(audio: Client) -> None:
    job = audio.submit(AudioRequest(prompt="This is a sentence of some length. " * 2000))
    for event in job.events():
        if isinstance(event, Delta):
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert audio.generate("audio", "Still here.").duration_s > 0.3


def test_a_short_request_does_not_wait_for_a_long_one(audio: Client) -> None:
    long = audio.submit(AudioRequest(prompt="This is a sentence of some length. " * 2000))
    for event in long.events():
        if isinstance(event, Delta):
            break
    short = audio.submit(AudioRequest(prompt="Hello."))
    assert short.result(timeout=120).duration_s > 0.2  # type: ignore[attr-defined]
    assert not long.done
    long.cancel()


def test_large_sound_is_kept_in_a_file_and_saved_whole(
    audio: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aigc_audio import speech

    expected = audio.generate("audio", TEXT, seed=1)
    monkeypatch.setattr(speech, "SMALL", 1000)
    made = audio.generate("audio", TEXT, seed=1)
    assert made.path is not None
    assert made.data is None
    assert made.sha256() == expected.sha256()
    assert made.save(tmp_path / "a.wav").read_bytes() == expected.content()
    assert dataclasses.replace(made, receipt=None).content() == expected.content()


def test_emoji_are_left_out_with_a_note(audio: Client) -> None:
    events = list(audio.stream("audio", "Good morning 😀!", seed=1))
    assert "1 emoji" in next(e.what for e in events if isinstance(e, Progress))
    assert isinstance(events[-1], Completed)


@pytest.mark.parametrize(
    ("prompt", "fields", "message"),
    [
        ("😀🎉", {}, "only emoji"),
        ("?!", {}, "only punctuation"),
        ("Привет", {}, "cannot speak П"),
        ("星空之下", {}, "cannot speak 星"),
        ("Hi", {"voice": "bob"}, "no voice 'bob'"),
        ("Hi", {"language": "fr", "model": "hibari"}, "does not speak 'fr'"),
        ("Hi", {"speed": 3}, "speed=3"),
        ("Hi", {"speed": 0.3}, "speed 0.3"),
        ("Hi", {"format": "mp3", "sample_rate": 96_000}, "no sample rate"),
        ("Hi", {"options": {"loudness": 3}}, "loudness"),
    ],
)
def test_refusals(audio: Client, prompt: str, fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        audio.generate("audio", prompt, **fields)


@pytest.mark.parametrize("fields", [{"prompt": " "}, {"prompt": "a", "speed": 0}, {"prompt": "a", "format": "aiff"}])
def test_requests_that_cannot_be_written(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        AudioRequest(**fields)


def test_speed_changes_the_length(audio: Client) -> None:
    slow, fast = (audio.generate("audio", TEXT, seed=1, speed=s).duration_s for s in (0.5, 2.0))
    assert slow > 2.5 * fast


def test_the_language_chooses_the_voice(audio: Client) -> None:
    assert audio.plan(AudioRequest(prompt="a")).model == "hibari"
    assert audio.plan(AudioRequest(prompt="a", language="zh-CN")).model == "kokoro"
    assert audio.plan(AudioRequest(prompt="a", language="en-GB")).model == "hibari"
