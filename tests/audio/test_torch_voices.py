"""transformers' speech models by folder: real loading code, tiny random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import AudioArtifact
from aigc_sdk.contract.errors import CorruptModel, InvalidRequest, UnknownModel, UnsafeFormat
from aigc_sdk.contract.events import Delta, Progress

from . import tiny
from .conftest import samples

pytest.importorskip("torchaudio")


def _made(client: Client, text: str, folder: Path, **fields: object) -> AudioArtifact:
    return client.generate("audio", text, model=str(folder), seed=3, **fields)


def test_vits_speaks_and_repeats_itself(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.vits(tmp_path / "vits")
    first = _made(own_store, "hello there, 5 cups.", folder)
    assert first.sample_rate == 16_000
    assert first.duration_s > 0.1
    assert _made(own_store, "hello there, 5 cups.", folder).content() == first.content()
    assert own_store.generate("audio", "hello there, 5 cups.", model=str(folder), seed=4).content() != first.content()


def test_vits_speed_and_speakers(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.vits(tmp_path / "vits", num_speakers=3, speaker_embedding_size=8)
    slow, fast = (_made(own_store, "hello there my friend", folder, voice="1", speed=s) for s in (0.5, 2.0))
    assert slow.duration_s > 1.5 * fast.duration_s
    with pytest.raises(InvalidRequest, match="no voice '7'"):
        _made(own_store, "hello", folder, voice="7")


def test_vits_refuses_letters_it_was_not_made_for(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.vits(tmp_path / "vits")
    with pytest.raises(InvalidRequest, match="cannot speak в е и п р т"):
        _made(own_store, "привет", folder)


@pytest.mark.parametrize("vocoder", [True, False])
def test_speecht5_with_its_vocoder_and_without(own_store: Client, tmp_path: Path, vocoder: bool) -> None:
    folder = tiny.speecht5(tmp_path / "speecht5", vocoder=vocoder)
    made = _made(own_store, "hello there", folder)
    sound, rate = samples(made)
    assert rate == 16_000
    assert len(sound) > 1000
    with pytest.raises(InvalidRequest, match=r"speed 1\.5"):
        _made(own_store, "hello there", folder, speed=1.5)


def test_bark_speaks(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.bark(tmp_path / "bark")
    first = _made(own_store, "hello there", folder)
    assert first.sample_rate == 24_000
    assert first.duration_s > 0
    assert _made(own_store, "hello there", folder).content() == first.content()


def test_musicgen_makes_as_much_as_asked(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.musicgen(tmp_path / "musicgen")
    made = _made(own_store, "a happy tune", folder, task="text-to-audio", options={"duration_s": 0.3})
    assert made.sample_rate == 8000
    assert 0.15 < made.duration_s < 0.35


def test_deltas_are_the_artifact(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.vits(tmp_path / "vits")
    events = list(own_store.stream("audio", "One here. Two there. Three.", model=str(folder), seed=1))
    pcm = b"".join(e.audio for e in events if isinstance(e, Delta))
    assert pcm == events[-1].artifact.content()[-len(pcm) :]  # type: ignore[attr-defined]
    assert [e.step for e in events if isinstance(e, Progress)] == [1, 2, 3]


def test_a_damaged_model_is_named(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.vits(tmp_path / "vits")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CorruptModel, match="vits"):
        _made(own_store, "hello", folder)


def test_pickles_and_strangers_are_refused(own_store: Client, tmp_path: Path) -> None:
    folder = tiny.vits(tmp_path / "vits")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnsafeFormat, match="pickle"):
        _made(own_store, "hello", folder)
    (folder / "config.json").write_text('{"model_type": "wav2vec2", "architectures": ["Wav2Vec2Model"]}')
    with pytest.raises((UnknownModel, UnsafeFormat)):
        _made(own_store, "hello", folder)
