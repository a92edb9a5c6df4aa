"""Hibari: a small, quick English voice. Its phonemes also serve the other voices that read English."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.requests import AudioRequest

from .checks import check_language, check_speed, check_voice
from .english import written_out

if TYPE_CHECKING:
    from .voice import Samples

VOICES = ("heart",)
_LONGEST_PHONEMES = 400
"""What the model was trained on at most, per hibari's own splitting."""


class EnglishPhonemes:
    """English text as phonemes in Kokoro's alphabet, by hibari's grapheme-to-phoneme.

    Args:
        british: British spelling-to-sound rules and lexicon.
    """

    def __init__(self, british: bool = False) -> None:
        from hibari.g2p import G2P

        self._g2p = G2P(british=british)

    def __call__(self, text: str) -> str:
        """The phonemes of a text as it was written; numbers and abbreviations are written out first."""
        return str(self._g2p(written_out(text)))


class HibariVoice:
    """The voice ``heart`` on ONNX Runtime.

    Raises:
        CorruptModel: if the file is not hibari's model.
    """

    sample_rate = 24_000
    scripts = frozenset({"latin"})
    longest = 300
    libraries = ("hibari-tts", "onnxruntime")

    def __init__(self, model: Path, threads: int) -> None:
        from hibari import Hibari

        try:
            self._hibari: Any = Hibari(model=str(model), threads=threads)
        except Exception as error:
            raise CorruptModel(f"{model} cannot be loaded: {error}", plugin="audio") from error
        self._phonemes: Any = EnglishPhonemes()

    def check(self, request: AudioRequest) -> None:
        check_voice(request.voice, VOICES)
        check_language(request.language, ("en",))
        check_speed(request.speed, 0.5, 2.0)

    def speak(self, text: str, request: AudioRequest, seed: int) -> Samples:
        noise = np.random.default_rng(seed)
        parts = [
            self._hibari.from_ids(self._hibari.ids(phonemes), request.speed, noise)
            for phonemes in portions(self._phonemes(text), _LONGEST_PHONEMES)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def close(self) -> None:
        self._hibari = self._phonemes = None


def portions(phonemes: str, longest: int) -> list[str]:
    """The phonemes in portions of at most ``longest``, cut after a pause if there is one, else between words.

    >>> portions("wˈʌn, tˈu θɹˈi", 9)
    ['wˈʌn,', 'tˈu θɹˈi']
    """
    found = []
    while len(phonemes) > longest:
        marks = [m.end() for m in re.finditer(r"[,;:.!?—](?= )", phonemes[:longest])]
        cut = marks[-1] if marks else phonemes.rfind(" ", 1, longest)
        cut = cut if cut > 0 else longest
        found.append(phonemes[:cut].strip())
        phonemes = phonemes[cut:].strip()
    return [part for part in (*found, phonemes) if part]


def vocabulary() -> dict[str, int]:
    """The number of each phoneme, which hibari has in common with Kokoro."""
    import hibari

    found = json.loads((Path(hibari.__file__).parent / "assets" / "vocab.json").read_text("utf-8"))
    return dict(found.get("vocab", found))
