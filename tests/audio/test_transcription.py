"""Recognition through the engine: silence, noise, odd recordings, times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aigc_sdk import AudioRequest, Client, Media
from aigc_sdk.contract.artifacts import TextArtifact
from aigc_sdk.contract.errors import CorruptModel, InvalidRequest
from aigc_sdk.contract.events import Delta, Progress

from .conftest import samples
from .test_sound import recording

pytestmark = pytest.mark.model
RUNNERS = ("whisper-ct2", "whisper")


def heard(client: Client, media: Media, runner: str = "whisper-ct2", **fields: object) -> TextArtifact:
    if runner == "whisper":
        pytest.importorskip("torchaudio")
    made = client.submit(AudioRequest(task="transcribe", audio=media, runner=runner, **fields)).result()
    assert isinstance(made, TextArtifact)
    return made


@pytest.mark.parametrize("runner", RUNNERS)
def test_silence_and_noise_are_not_taken_for_words(audio: Client, tmp_path: Path, runner: str) -> None:
    hush = recording(tmp_path / "a.wav", np.zeros(5 * 16_000, np.float32), 16_000, "mono")
    assert heard(audio, hush, runner).text == ""
    hiss = np.random.default_rng(0).standard_normal(8 * 16_000).astype(np.float32) * 0.003
    assert heard(audio, recording(tmp_path / "b.wav", hiss, 16_000, "mono"), runner, language="en").text == ""


def test_silence_has_a_note(audio: Client, tmp_path: Path) -> None:
    hush = recording(tmp_path / "a.wav", np.zeros(16_000, np.float32), 16_000, "mono")
    job = audio.submit(AudioRequest(task="transcribe", audio=hush))
    assert any("nobody speaks" in e.what for e in job.events() if isinstance(e, Progress))


@pytest.mark.parametrize("runner", RUNNERS)
def test_times_follow_the_sound(audio: Client, tmp_path: Path, runner: str) -> None:
    first, rate = samples(audio.generate("audio", "The kitchen was warm.", seed=1))
    second, _ = samples(audio.generate("audio", "The garden smells of roses.", seed=1))
    pause = np.zeros(35 * rate, np.float32)
    media = recording(tmp_path / "a.wav", np.concatenate([first, pause, second]), rate, "mono")
    made = heard(audio, media, runner, timestamps=True, language="en")
    assert "kitchen" in made.segments[0]["text"]
    assert "garden" in made.segments[-1]["text"]
    begin = (len(first) + len(pause)) / rate
    assert made.segments[0]["start"] == pytest.approx(0, abs=0.5)
    assert made.segments[-1]["start"] == pytest.approx(begin, abs=1.0)
    assert made.segments[-1]["end"] <= begin + len(second) / rate + 0.5
    assert made.text == " ".join(segment["text"] for segment in made.segments)


def test_words_have_times_that_follow_the_sound(audio: Client, tmp_path: Path) -> None:
    """What was said when is known, for it was spoken here: the captions of the voice, before and after a long pause."""
    first = audio.generate("audio", "The kitchen was warm. Somebody had left the window open.", seed=1)
    second = audio.generate("audio", "The garden smells of roses.", seed=1)
    (one, rate), (two, _) = samples(first), samples(second)
    pause = np.zeros(32 * rate, np.float32)
    media = recording(tmp_path / "a.wav", np.concatenate([one, pause, two]), rate, "mono")
    made = heard(audio, media, word_timestamps=True, timestamps=True, language="en")
    assert " ".join(word["word"] for word in made.words) == made.text
    times = [time for word in made.words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    later = (len(one) + len(pause)) / rate
    spoken = [*first.segments, *({**s, "start": s["start"] + later, "end": s["end"] + later} for s in second.segments)]
    words = [word["word"].strip(",.").lower() for word in made.words]
    for beginning, caption in (("kitchen", 0), ("somebody", 1), ("garden", 2)):
        place = words.index(beginning)
        first_word = made.words[place - (caption != 1)]  # two of the sentences begin with "The"
        assert first_word["start"] == pytest.approx(spoken[caption]["start"], abs=0.4)
    assert heard(audio, media, language="en").words == ()


def test_a_runner_without_times_of_words_says_so(audio: Client) -> None:
    spoken = audio.generate("audio", "The kitchen was warm.", seed=1)
    with pytest.raises(InvalidRequest, match="has no word_timestamps") as refused:
        heard(audio, Media(data=spoken.content()), "whisper", word_timestamps=True)
    assert refused.value.fix == "--runner whisper-ct2"


@pytest.mark.parametrize(("rate", "layout"), [(8000, "mono"), (48_000, "5.1")])
def test_telephone_and_cinema(audio: Client, tmp_path: Path, rate: int, layout: str) -> None:
    spoken = audio.generate("audio", "The kitchen was warm and smelled of cinnamon.", seed=1, sample_rate=rate)
    media = recording(tmp_path / "a.wav", samples(spoken)[0], rate, layout)
    assert "kitchen was warm" in heard(audio, media, language="en").text


def test_the_text_streams_and_no_times_are_given_unasked(audio: Client) -> None:
    spoken = audio.generate("audio", "The kitchen was warm.", seed=1)
    job = audio.submit(AudioRequest(task="transcribe", audio=Media(data=spoken.content())))
    text = "".join(e.text for e in job.events() if isinstance(e, Delta))
    made = job.result()
    assert isinstance(made, TextArtifact)
    assert made.text == text
    assert made.segments == ()


def test_refusals(audio: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="not a sound file"):
        heard(audio, Media(data=b"not a sound" * 100))
    with pytest.raises(InvalidRequest, match="there is no file"):
        heard(audio, Media(path=tmp_path / "none.wav"))
    spoken = audio.generate("audio", "Hi there.", seed=1)
    with pytest.raises(InvalidRequest, match="language 'xx'"):
        heard(audio, Media(data=spoken.content()), language="xx")


def test_a_damaged_ctranslate2_file_is_not_converted(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from aigc_audio.convert_whisper import convert

    (tmp_path / "model.bin").write_bytes(b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00" + b"\x01" * 50)
    (tmp_path / "out").mkdir()
    with pytest.raises(CorruptModel, match="no Whisper model"):
        convert(tmp_path, tmp_path / "out")
