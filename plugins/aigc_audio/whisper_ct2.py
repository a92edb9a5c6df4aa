"""Whisper on CTranslate2, by faster-whisper: int8 on the CPU, several times as fast as transformers there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import CorruptModel

from .transcription import Segment, Stopped

if TYPE_CHECKING:
    from .voice import Samples

NO_SPEECH = 0.6
"""Probability of "no speech" above which a window with unlikely words is taken to be without any (OpenAI's value)."""
BEAMS = 5


class CTranslateWhisper:
    """A Whisper model in CTranslate2's format.

    Args:
        device: ``cpu`` or ``cuda``. compute_type: CTranslate2's name, such as ``int8`` or ``float16``.

    Raises:
        CorruptModel: if the folder holds no such model.
    """

    libraries = ("faster-whisper", "ctranslate2")

    def __init__(self, folder: Path, *, device: str, compute_type: str, threads: int) -> None:
        from faster_whisper import WhisperModel

        try:
            self._model: Any = WhisperModel(
                str(folder), device=device, compute_type=compute_type, cpu_threads=threads, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise CorruptModel(f"{folder} cannot be loaded: {error}", plugin="audio") from error
        self.languages = tuple(self._model.supported_languages)

    def language(self, samples: Samples) -> str:
        return str(self._model.detect_language(samples)[0])

    def segments(
        self, samples: Samples, language: str, prompt: str, stopped: Stopped, *, words: bool = False
    ) -> list[Segment]:
        # One temperature: what is heard does not depend on chance. Silence is cut out by voice activity detection.
        found, _ = self._model.transcribe(
            samples,
            language=language,
            initial_prompt=prompt or None,
            beam_size=BEAMS,
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=NO_SPEECH,
            vad_filter=True,
            word_timestamps=words,
        )
        segments = []
        for segment in found:
            if stopped():
                return []
            parts = tuple(Segment(float(w.start), float(w.end), w.word) for w in segment.words or ())
            segments.append(Segment(float(segment.start), float(segment.end), segment.text, parts))
        return segments

    def close(self) -> None:
        self._model.model.unload_model()
        self._model = None
