"""Kokoro: voices that read Chinese and English, also in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.requests import AudioRequest

from .characters import has_han, spans
from .checks import check_language, check_speed, check_voice
from .chinese import ChinesePhonemes
from .hibari import EnglishPhonemes, portions, vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .voice import Samples

DEFAULTS = {"zh": "zf_xiaoxiao", "en": "af_heart"}
"""The voice that speaks a language if none is named."""
_LONGEST_PHONEMES = 500
"""The model's context is 512 tokens, of which two mark the ends."""
_STYLE = 256


class KokoroVoice:
    """Kokoro-82M on ONNX Runtime.

    Args:
        folder: holds ``kokoro.onnx`` and ``voices/NAME.f32``.
        voices: their names.

    Raises:
        CorruptModel: if the files are not Kokoro's.
    """

    sample_rate = 24_000
    scripts = frozenset({"latin", "han"})
    longest = 240
    libraries: tuple[str, ...] = ("onnxruntime", "misaki", "jieba", "pypinyin", "hibari-tts")

    def __init__(self, folder: Path, voices: Sequence[str], threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(folder / "kokoro.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._styles = {name: _style(folder / "voices" / f"{name}.f32") for name in voices}
        except Exception as error:
            raise CorruptModel(f"{folder} cannot be loaded: {error}", plugin="audio") from error
        self._numbers = vocabulary()
        self._chinese: Any = ChinesePhonemes()
        self._english: Any = {False: EnglishPhonemes()}

    def check(self, request: AudioRequest) -> None:
        check_voice(request.voice, tuple(self._styles))
        check_language(request.language, ("zh", "en"))
        check_speed(request.speed, 0.5, 2.0)

    def speak(self, text: str, request: AudioRequest, seed: int) -> Samples:
        voice = request.voice or DEFAULTS[_language(text, request)]
        phonemes = self.phonemes(text, british=voice.startswith("b"))
        parts = [self._sound(portion, voice, request.speed) for portion in portions(phonemes, _LONGEST_PHONEMES)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def phonemes(self, text: str, *, british: bool = False) -> str:
        """The text's phonemes, each span in its own language."""
        if british not in self._english:
            self._english[british] = EnglishPhonemes(british)
        readers = {"zh": self._chinese, "en": self._english[british]}
        return " ".join(filter(None, (readers[span.language](span.text).strip() for span in spans(text))))

    def close(self) -> None:
        self._session = self._chinese = self._english = None
        self._styles.clear()

    def _sound(self, phonemes: str, voice: str, speed: float) -> Samples:
        tokens = [self._numbers[p] for p in phonemes if p in self._numbers]
        if not tokens:
            return np.zeros(0, np.float32)
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._styles[voice][len(tokens)][None],  # the style depends on how much there is to say
            "speed": np.array([speed], np.float32),
        }
        return np.asarray(self._session.run(None, feed)[0], np.float32).reshape(-1)


def _language(text: str, request: AudioRequest) -> str:
    if request.language is not None:
        return request.language.lower().split("-")[0]
    return "zh" if has_han(text) else "en"


def _style(path: Path) -> NDArray[np.float32]:
    """A voice: one style of 256 numbers for each count of phonemes."""
    return np.fromfile(path, np.float32).reshape(-1, _STYLE)
