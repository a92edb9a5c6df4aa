"""Is what is spoken heard right? 200 English and 100 Chinese sentences through Whisper-base and back.

    python benchmarks/speech_quality.py [--every 10] [--write docs/quality.md]

English: word error rate. ``data/speech_en.tsv`` holds each sentence as written and, where that differs, as it is to be
said. "ours" speaks the sentence as written; "reference" is the bare engine given the sentence as it is to be said, so
that what remains is the recogniser's (and the engine's) own error. Chinese: error rate of toneless pinyin syllables.
Also measured, on a long text: the largest step between two samples at the joins, and the loudness.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _page import put

DATA = Path(__file__).parent / "data"
BEGIN, END = "<!-- speech: written by benchmarks/speech_quality.py -->", "<!-- /speech -->"


@dataclass
class Score:
    """Errors over words (or syllables)."""

    name: str
    errors: int = 0
    words: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def add(self, said: str, heard: str) -> None:
        import jiwer

        counted = jiwer.process_words(said, heard)
        errors = counted.substitutions + counted.deletions + counted.insertions
        self.errors += errors
        self.words += len(said.split())
        if errors:
            self.wrong.append((said, heard))

    @property
    def rate(self) -> float:
        return 100 * self.errors / max(1, self.words)


def english_words(text: str) -> str:
    """Plain words, numbers written out, so that "$5" and "five dollars" are the same."""
    from aigc_audio.english import written_out

    text = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1 m", text, flags=re.IGNORECASE)
    text = written_out(re.sub(r"\b(?:[A-Za-z]\.){2,}", lambda m: m[0].replace(".", ""), text)).lower()
    text = re.sub(r"\b(mr|mrs|dr|prof|st)\b\.?", lambda m: _TITLES[m[1]], text)
    text = re.sub(r"[^\w\s']", " ", text.replace("'s", " s").replace("'", ""))
    spelled = (word for part in text.split() for word in (part if part in _INITIALS else [part]))
    return " ".join(_SPELLING.get(word, word) for word in spelled if word not in ("and", "o", "oclock", "the"))


_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor", "prof": "professor", "st": "saint"}
_INITIALS = {"ceo", "ibm", "usa", "mit", "bbc", "tv", "us", "www", "am", "pm", "gb", "kg"} - {"us", "am"}
_SPELLING = {"colour": "color", "metres": "meters", "metre": "meter", "miz": "ms", "kilometres": "kilometers"}
_SPELLING |= {"litres": "liters", "centimetres": "centimeters", "programme": "program", "dollar": "dollars"}


def pinyin(text: str, written_out: Callable[[str], str]) -> str:
    """Toneless syllables; Latin letters as they are."""
    from pypinyin import lazy_pinyin

    plain = re.sub(r"[^\w]", "", written_out(text).lower())
    return " ".join(lazy_pinyin(plain))


def sentences(name: str, every: int) -> list[tuple[str, str]]:
    """Each sentence as written and as it is to be said."""
    rows = [line.split("\t") for line in (DATA / name).read_text("utf-8").splitlines() if line]
    return [(row[0], row[-1]) for row in rows[::every]]


class Bench:
    """A client that speaks and listens."""

    def __init__(self) -> None:
        import aigc_sdk as aigc
        from aigc_sdk.settings import LedgerSettings, Settings

        self._aigc = aigc
        self.client = aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False)))

    def speak(self, text: str, **fields: Any) -> bytes:
        return self.client.generate("audio", text, seed=1, **fields).content()

    def hear(self, sound: bytes, language: str) -> str:
        media = self._aigc.Media(data=sound)
        request = self._aigc.AudioRequest(task="transcribe", audio=media, language=language)
        return self.client.submit(request).result().text  # type: ignore[attr-defined, no-any-return]


def english(bench: Bench, every: int) -> tuple[Score, Score]:
    import soundfile
    from hibari import Hibari

    engine = Hibari()
    ours, reference = Score("hibari, as written"), Score("bare engine, as it is to be said")
    for written, said in _shown(sentences("speech_en.tsv", every), "English"):
        words = english_words(said)
        ours.add(words, english_words(bench.hear(bench.speak(written), "en")))
        file = io.BytesIO()
        soundfile.write(file, engine(said, seed=1), engine.sample_rate, format="WAV")
        reference.add(words, english_words(bench.hear(file.getvalue(), "en")))
    return ours, reference


def chinese(bench: Bench, every: int) -> Score:
    from aigc_audio.chinese import ChinesePhonemes

    written_out = ChinesePhonemes().written_out
    score = Score("kokoro zf_xiaoxiao")
    for written, _ in _shown(sentences("speech_zh.tsv", every), "Chinese"):
        heard = bench.hear(bench.speak(written, language="zh"), "zh")
        score.add(pinyin(written, written_out), pinyin(heard, written_out))
    return score


def sound(bench: Bench, every: int) -> dict[str, float]:
    """Largest step at a join, in parts of full scale; largest step within speech, to compare; loudness in LUFS."""
    import numpy as np
    import pyloudnorm
    import soundfile

    text = " ".join(written for written, _ in sentences("speech_en.tsv", every))
    samples, rate = soundfile.read(io.BytesIO(bench.speak(text)), dtype="float32")
    steps = np.abs(np.diff(samples))
    near = np.zeros(len(steps), bool)
    for start, end in _pauses(samples == 0, int(0.05 * rate)):  # 5 ms around both ends of every pause
        for edge in (start, end):
            near[max(0, edge - int(0.005 * rate)) : edge + int(0.005 * rate)] = True
    return {
        "join": float(steps[near].max(initial=0.0)),
        "speech": float(steps.max()),
        "loudness": float(pyloudnorm.Meter(rate).integrated_loudness(samples)),
        "peak": float(np.abs(samples).max()),
        "seconds": len(samples) / rate,
    }


def _pauses(zero: Any, least: int) -> Iterable[tuple[int, int]]:
    """Begin and end of each stretch of at least so many zeros."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([0], zero.astype(np.int8), [0]))))
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def _shown(rows: list[tuple[str, str]], what: str) -> Iterable[tuple[str, str]]:
    for number, row in enumerate(rows, 1):
        if sys.stderr.isatty():
            print(f"\r{what} {number}/{len(rows)}", end="", file=sys.stderr)
        yield row


def report(ours: Score, reference: Score, mandarin: Score, measured: dict[str, float], every: int) -> str:
    part = "" if every == 1 else f" (every {every}th sentence only)"
    return "\n".join(
        [
            BEGIN,
            "## Speech",
            "",
            f"Spoken, then heard by Whisper-base (`python benchmarks/speech_quality.py`){part}.",
            "",
            "| what | measured | target |",
            "| --- | --- | --- |",
            f"| English, {ours.words} words: word error rate, {ours.name} | {ours.rate:.2f}% |"
            " at most 2% beyond the next line |",
            f"| the same sentences, {reference.name}: the recogniser's own errors | {reference.rate:.2f}% | |",
            f"| Mandarin, {mandarin.words} syllables: error rate of toneless pinyin, {mandarin.name}"
            f" | {mandarin.rate:.2f}% | at most 8% |",
            f"| largest step between samples at a join, of full scale ({measured['seconds']:.0f} s of speech)"
            f" | {measured['join']:.4f} | below speech's own, {measured['speech']:.2f} |",
            f"| loudness, peak | {measured['loudness']:.1f} LUFS, {measured['peak']:.2f} | -16 ± 1 LUFS |",
            "",
            END,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth sentence only")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the result into this page")
    parser.add_argument("--wrong", action="store_true", help="show what was heard wrong")
    arguments = parser.parse_args()
    bench = Bench()
    ours, reference = english(bench, arguments.every)
    mandarin = chinese(bench, arguments.every)
    text = report(ours, reference, mandarin, sound(bench, max(1, arguments.every // 4)), arguments.every)
    bench.client.close()
    print(text)
    if arguments.wrong:
        for score in (ours, reference, mandarin):
            print(f"\n{score.name}:", *(f"  said  {said}\n  heard {heard}" for said, heard in score.wrong), sep="\n")
    if arguments.write:
        put(arguments.write, text)


if __name__ == "__main__":
    main()
