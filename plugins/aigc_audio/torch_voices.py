"""Text-to-speech and text-to-audio models of transformers: VITS, SpeechT5, Bark, MusicGen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.requests import AudioRequest

from .checks import check_speed, check_voice
from .hibari import EnglishPhonemes
from .ipa import to_ipa
from .other_languages import written_out
from .torch_loading import load_model, named, seeded

if TYPE_CHECKING:
    import torch

    from .voice import Samples

LIBRARIES = ("torch", "torchaudio", "transformers")


class TorchVoice:
    """What the four have in common.

    Attributes:
        voices: names of the model's voices; empty if it has one only.
    """

    scripts: frozenset[str] | None = None
    longest = 300
    libraries: tuple[str, ...] = LIBRARIES
    sample_rate = 0
    voices: tuple[str, ...] = ()

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._model: Any = None

    def check(self, request: AudioRequest) -> None:
        check_voice(request.voice, self.voices or ("default",))
        check_speed(request.speed, 1.0, 1.0)

    def speak(self, text: str, request: AudioRequest, seed: int) -> Samples:
        with seeded(seed, self._plan.device):
            sound = self._sound(text, request)
        return np.asarray(sound.float().cpu().numpy(), np.float32).reshape(-1)

    def close(self) -> None:
        self._model = None

    def _sound(self, text: str, request: AudioRequest) -> torch.Tensor:
        raise TypeError(f"{type(self).__name__} must define _sound(text, request)")


class VitsVoice(TorchVoice):
    """VITS and the thousand languages of MMS. Models made for espeak's phonemes get hibari's, in English."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        from transformers import VitsModel, VitsTokenizer

        super().__init__(folder, plan)
        self._model = load_model(VitsModel, folder, plan)
        with named(folder):
            self._tokenizer: Any = VitsTokenizer.from_pretrained(folder, local_files_only=True)
        config = self._model.config
        self.sample_rate = int(config.sampling_rate)
        self.voices = tuple(str(i) for i in range(config.num_speakers)) if config.num_speakers > 1 else ()
        self._phonemes = EnglishPhonemes() if self._tokenizer.phonemize else None
        self._tokenizer.phonemize = False
        self._letters = set(self._tokenizer.get_vocab())

    def check(self, request: AudioRequest) -> None:
        check_voice(request.voice, self.voices or ("default",))
        check_speed(request.speed, 0.5, 2.0)
        foreign = {c for c in request.prompt if c.isalpha() and not self._reads(c)}
        if foreign:
            shown = " ".join(sorted(foreign)[:12])
            raise InvalidRequest(f"the model cannot speak {shown}", plugin="audio", fix="leave them out")

    def _reads(self, letter: str) -> bool:
        if self._phonemes is not None:
            return letter.isascii() or "LATIN" in _name(letter)
        return bool({letter, letter.lower()} & self._letters) or self._tokenizer.is_uroman

    def _sound(self, text: str, request: AudioRequest) -> torch.Tensor:
        import torch

        inputs = self._tokenizer(self._as_read(text, request), return_tensors="pt").to(self._plan.device)
        if inputs["input_ids"].shape[-1] < 2:  # nothing but characters that it does not know
            return torch.zeros(0)
        self._model.speaking_rate = self._model.config.speaking_rate * request.speed
        speaker = int(request.voice) if request.voice and self.voices else None
        sound: torch.Tensor = self._model(**inputs, speaker_id=speaker).waveform[0]
        return sound

    def _as_read(self, text: str, request: AudioRequest) -> str:
        if self._phonemes is None:
            return written_out(text, request.language or self._tokenizer.language)
        marks = {"^", "$"} <= self._letters  # Piper's marks of beginning and end
        phonemes = to_ipa(self._phonemes(text))
        phonemes = "".join(c for c in phonemes if c in self._letters)
        return f"^{phonemes}$" if marks else phonemes


class SpeechT5Voice(TorchVoice):
    """SpeechT5. Its vocoder is taken from the folder ``vocoder``; without one, torchaudio's Griffin-Lim does it.

    Voices are vectors of 512 numbers in ``speaker_embeddings.safetensors``; without it there is one, drawn once.
    """

    sample_rate = 16_000

    def __init__(self, folder: Path, plan: Plan) -> None:
        from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

        super().__init__(folder, plan)
        self._model = load_model(SpeechT5ForTextToSpeech, folder, plan)
        vocoder = folder / "vocoder"
        self._vocoder = load_model(SpeechT5HifiGan, vocoder, plan) if vocoder.is_dir() else None
        with named(folder):
            self._tokenizer: Any = SpeechT5Tokenizer.from_pretrained(folder, local_files_only=True)
        self._speakers = self._read_speakers(folder / "speaker_embeddings.safetensors")
        self.voices = tuple(self._speakers)

    def _read_speakers(self, path: Path) -> dict[str, torch.Tensor]:
        import torch
        from safetensors.torch import load_file

        width = int(self._model.config.speaker_embedding_dim)
        if path.is_file():
            with named(path):
                return dict(load_file(path))
        drawn = torch.randn(width, generator=torch.Generator().manual_seed(0))
        return {"default": drawn / drawn.norm()}

    def _sound(self, text: str, request: AudioRequest) -> torch.Tensor:
        from .torch_sound import from_log_mel

        inputs = self._tokenizer(written_out(text, request.language), return_tensors="pt").to(self._plan.device)
        speaker = self._speakers[request.voice or next(iter(self._speakers))]
        speaker = speaker.reshape(1, -1).to(self._plan.device, self._model.dtype)
        made: torch.Tensor = self._model.generate_speech(inputs["input_ids"], speaker, vocoder=self._vocoder)
        return made if self._vocoder is not None else from_log_mel(made.float(), self.sample_rate)


class BarkVoice(TorchVoice):
    """Bark: speech with its own moods and noises. Voices are the presets that come with the model."""

    longest = 180  # it writes at most about 13 s at once

    def __init__(self, folder: Path, plan: Plan) -> None:
        from transformers import BarkModel, BarkProcessor

        super().__init__(folder, plan)
        self._model = load_model(BarkModel, folder, plan)
        with named(folder):
            self._processor: Any = BarkProcessor.from_pretrained(folder, local_files_only=True)
        self.sample_rate = int(self._model.generation_config.sample_rate)
        presets = self._processor.speaker_embeddings or {}
        self.voices = tuple(name for name in presets if name != "repo_or_path")

    def _sound(self, text: str, request: AudioRequest) -> torch.Tensor:
        inputs = self._processor(written_out(text, request.language), voice_preset=request.voice)
        made: torch.Tensor = self._model.generate(**inputs.to(self._plan.device))
        return made[0]


class MusicgenVoice(TorchVoice):
    """MusicGen: music from a description. The option ``duration_s`` says how long."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        from transformers import AutoTokenizer, MusicgenForConditionalGeneration

        super().__init__(folder, plan)
        self._model = load_model(MusicgenForConditionalGeneration, folder, plan)
        with named(folder):
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.sample_rate = int(self._model.config.audio_encoder.sampling_rate)

    def _sound(self, text: str, request: AudioRequest) -> torch.Tensor:
        frames = round(float(str(request.options["duration_s"])) * self._model.config.audio_encoder.frame_rate)
        most = int(self._model.config.decoder.max_position_embeddings) - 4
        inputs = self._tokenizer(text, return_tensors="pt").to(self._plan.device)
        made: torch.Tensor = self._model.generate(
            **inputs, do_sample=True, guidance_scale=3.0, max_new_tokens=max(1, min(frames, most))
        )
        return made[0].mean(0)


KINDS = {"vits": VitsVoice, "speecht5": SpeechT5Voice, "bark": BarkVoice, "musicgen": MusicgenVoice}
"""By ``model_type`` of ``config.json``."""


def load_voice(folder: Path, plan: Plan) -> TorchVoice:
    """The voice in a model folder.

    Raises:
        CorruptModel: if it holds no such model.
    """
    try:
        kind = json.loads((folder / "config.json").read_text("utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptModel(f"{folder} has no readable config.json: {error}", plugin="audio") from None
    if kind not in KINDS:
        raise CorruptModel(f"{folder} holds a {kind} model, not one of {', '.join(KINDS)}", plugin="audio")
    return KINDS[kind](folder, plan)


def _name(letter: str) -> str:
    import unicodedata

    return unicodedata.name(letter, "")
