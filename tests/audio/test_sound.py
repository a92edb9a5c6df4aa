"""Loudness, joins, formats, and reading recordings: numbers in, numbers out."""

from __future__ import annotations

import errno
from pathlib import Path

import av
import numpy as np
import pyloudnorm
import pytest
from aigc_audio import listening
from aigc_audio.encode import SoundFile, check_rate
from aigc_audio.joining import silence, trimmed
from aigc_audio.loudness import CEILING, Leveller, limited

from aigc_sdk import Media
from aigc_sdk.contract.errors import AigcError, InvalidRequest

RATE = 24_000


def speech_like(seconds: float, level: float, rate: int = RATE) -> np.ndarray:
    """Noise that swells and fades like syllables."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (noise * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * time)) * level).astype(np.float32)


@pytest.mark.parametrize("level", [0.002, 0.05, 0.5])
def test_any_level_comes_to_the_target(level: float) -> None:
    leveller = Leveller(RATE, -16.0)
    sound = np.concatenate([leveller.apply(speech_like(2.0, level)) for _ in range(5)])
    if level == 0.002:  # the gain has a limit, so that noise is not taken for speech
        assert float(np.abs(sound).max()) <= CEILING
    else:
        assert pyloudnorm.Meter(RATE).integrated_loudness(sound) == pytest.approx(-16, abs=1)


def test_a_single_word_is_levelled_too() -> None:
    word = speech_like(0.25, 0.02)
    loud = Leveller(RATE, -16.0).apply(word)
    measured = pyloudnorm.Meter(RATE).integrated_loudness(np.tile(loud, 4))
    assert measured == pytest.approx(-16, abs=1.5)


def test_peaks_are_held_without_clipping_all_else() -> None:
    sound = np.zeros(RATE, np.float32)
    sound[1000] = 3.0
    sound[20_000:] = 0.5
    held = limited(sound, RATE)
    assert float(np.abs(held).max()) <= CEILING
    assert np.array_equal(held[20_000:], sound[20_000:])


def test_ends_fade_to_zero_and_silence_is_cut() -> None:
    sound = np.concatenate([silence(1.0, RATE), speech_like(0.5, 0.3), silence(1.0, RATE)])
    part = trimmed(sound, RATE)
    assert abs(part[0]) < 1e-3
    assert abs(part[-1]) < 1e-3
    assert len(part) / RATE == pytest.approx(0.6, abs=0.05)
    assert len(trimmed(silence(1.0, RATE), RATE)) == 0


@pytest.mark.parametrize(
    ("form", "rate"), [("wav", 8000), ("wav", 96_000), ("flac", 44_100), ("mp3", 44_100), ("ogg", 48_000)]
)
def test_formats_and_rates(tmp_path: Path, form: str, rate: int) -> None:
    path = tmp_path / f"a.{form}"
    file = SoundFile(path, form, RATE, rate)
    pcm = b"".join([*(file.write(speech_like(0.5, 0.2)) for _ in range(4)), file.close()])
    assert len(pcm) / 2 / rate == pytest.approx(2.0, abs=0.01)
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        seconds = sum(frame.samples for frame in container.decode(stream)) / stream.rate
        assert stream.rate == (48_000 if form == "ogg" else rate)
    assert seconds == pytest.approx(2.0, abs=0.1)


def test_a_rate_that_the_format_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(InvalidRequest, match="mp3 has no sample rate of 96000") as caught:
        check_rate("mp3", 96_000)
    assert "44100" in str(caught.value.fix)


def test_a_full_disk_is_an_error_with_advice_and_leaves_nothing() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    file = SoundFile(full, "wav", RATE, RATE)
    second = speech_like(1.0, 0.2)
    with pytest.raises(AigcError) as caught:
        [file.write(second) for _ in range(50)]
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert "free some space" in str(caught.value.fix)


def recording(path: Path, sound: np.ndarray, rate: int, layout: str, codec: str = "pcm_s16le") -> Media:
    """Writes a recording with FFmpeg, the same samples in every channel."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = layout
        channels = av.AudioLayout(layout).nb_channels
        pcm = np.repeat(np.rint(sound * 32767).astype(np.int16)[:, None], channels, axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm), format="s16", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return Media(path=path)


@pytest.mark.parametrize(("rate", "layout"), [(8000, "mono"), (44_100, "stereo"), (48_000, "5.1"), (96_000, "mono")])
def test_any_rate_and_channels_are_heard_as_16_khz_mono(tmp_path: Path, rate: int, layout: str) -> None:
    media = recording(tmp_path / "a.wav", speech_like(3.0, 0.1, rate), rate, layout)
    heard = np.concatenate([w.samples for w in listening.windows(media)])
    assert len(heard) / listening.RATE == pytest.approx(3.0, abs=0.02)
    assert 0.01 < float(np.abs(heard).max()) <= 1.5
    assert listening.check(media) == pytest.approx(3.0, abs=0.1)


def test_long_recordings_come_in_windows_cut_where_it_is_quiet(tmp_path: Path) -> None:
    rate = listening.RATE
    sound = speech_like(70.0, 0.1, rate)
    for second in (27, 53):
        sound[second * rate : (second + 1) * rate] = 0
    found = list(listening.windows(recording(tmp_path / "a.flac", sound, rate, "mono", "flac")))
    assert [round(w.start_s) for w in found] == [0, 27, 53]
    assert all(len(w.samples) <= listening.WINDOW_S * rate for w in found)
    assert len(np.concatenate([w.samples for w in found])) == len(sound)


def test_silence_is_known_as_such(tmp_path: Path) -> None:
    hush = recording(tmp_path / "a.wav", np.zeros(16_000, np.float32), 16_000, "mono")
    assert all(w.audible() is None for w in listening.windows(hush))
    faint = recording(tmp_path / "b.wav", speech_like(1.0, 0.01, 16_000), 16_000, "mono")
    assert all(w.audible() is not None for w in listening.windows(faint))


def test_silence_around_speech_is_left_out_and_the_times_stay_right(tmp_path: Path) -> None:
    sound = np.concatenate([np.zeros(80_000), speech_like(1.0, 0.1, 16_000), np.zeros(80_000)]).astype(np.float32)
    (window,) = listening.windows(recording(tmp_path / "a.wav", sound, 16_000, "mono"))
    heard = window.audible()
    assert heard is not None
    assert heard.start_s == pytest.approx(4.7, abs=0.15)
    assert len(heard.samples) / listening.RATE == pytest.approx(1.6, abs=0.25)


@pytest.mark.parametrize("data", [b"", b"This is a text, not a sound." * 20, bytes(range(256)) * 40])
def test_what_is_no_recording_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        listening.check(Media(data=data))


def test_a_file_that_is_not_there_and_a_film_without_sound(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no file"):
        listening.check(Media(path=tmp_path / "none.wav"))
    silent = tmp_path / "film.mp4"
    with av.open(str(silent), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        for _ in range(3):
            for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    with pytest.raises(InvalidRequest, match="no sound"):
        listening.check(Media(path=silent))
