"""Speech against the bare engines, in one run: cost of ours, first sound of a long text, recognition.

    python benchmarks/speech.py [--rounds 5]

Ratios count, not times. "ours" is the whole way through the client: text written out, loudness, file. The bare engine
is hibari itself on the same sentences, and faster-whisper itself on the same file, loaded the same way.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import time
from pathlib import Path
from typing import Any

from _turns import measured

TEXT = (
    "Your morning, in red. This mug is made of ceramic, glazed by hand, and fired twice. It holds a large cup of "
    "coffee and keeps it warm for a long time. The handle is wide enough for four fingers, even in winter gloves."
    " We bake every piece in small batches, because good things take their time. Give it to somebody who gets up "
    "before the sun, or keep it for yourself and start the day with something beautiful. It is dishwasher safe, "
    "microwave safe, and safe to give away. Nothing is as refreshing as a new day, and nothing starts it better "
    "than this."
)


def client() -> Any:
    import aigc_sdk as aigc
    from aigc_sdk.settings import LedgerSettings, Settings

    return aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False)))


def weights(ours: Any, model: str) -> Path:
    """The folder of a listed model's files."""
    folder: Path = ours.store.pull(next(e.card for e in ours.registry.entries() if e.card.id == model))
    return folder


def speaking(ours: Any, rounds: int) -> None:
    from hibari import Hibari

    threads = ours.plan(_request(TEXT)).threads
    bare = Hibari(model=str(weights(ours, "hibari") / "hibari.onnx"), threads=threads)
    seconds = len(bare(TEXT, seed=1)) / bare.sample_rate
    sentences = [bare.ids(p) for p in bare.phonemize(TEXT)]
    found = measured(
        rounds,
        clock=time.perf_counter,
        bare=lambda: bare(TEXT, seed=1),
        network=lambda: [bare.from_ids(ids) for ids in sentences],
        ours=lambda: ours.generate("audio", TEXT, seed=1, options={"stream": False}),
    )
    print(
        f"speech, {seconds:.0f} s of sound, {threads} threads (real-time factor: seconds of work per second of sound)"
    )
    for name, taken in found.items():
        print(f"  {name:8} {taken:6.3f} s  factor {taken / seconds:.4f}  {taken / found['bare']:.3f} x bare")


def first_sound(ours: Any, rounds: int) -> None:
    import aigc_sdk as aigc

    long = TEXT * 200

    def first() -> float:
        began = time.perf_counter()
        for event in ours.stream("audio", long, seed=1):
            if isinstance(event, aigc.Delta):
                return time.perf_counter() - began
        raise AssertionError("no sound")

    first()
    found = [first() for _ in range(rounds)]
    print(f"first sound of a text of {len(long):,} characters: median {1000 * statistics.median(found):.0f} ms")


def listening(ours: Any, rounds: int) -> None:
    from faster_whisper import WhisperModel

    import aigc_sdk as aigc

    sound = ours.generate("audio", TEXT, seed=1).content()
    request = aigc.AudioRequest(task="transcribe", audio=aigc.Media(data=sound), language="en")
    plan = ours.plan(request)
    bare = WhisperModel(
        str(weights(ours, "whisper-base")), device="cpu", compute_type=plan.dtype, cpu_threads=plan.threads
    )

    def whole(**options: Any) -> str:
        segments, _ = bare.transcribe(io.BytesIO(sound), language="en", temperature=0.0, **options)
        return "".join(segment.text for segment in segments)

    found = measured(
        rounds,
        clock=time.perf_counter,
        bare=whole,
        with_vad=lambda: whole(vad_filter=True),
        ours=lambda: ours.submit(request).result(),
    )
    print(f"recognition ({plan.runner}, {plan.dtype}, {plan.threads} threads)")
    for name, taken in found.items():
        print(f"  {name:8} {taken:6.3f} s  {taken / found['bare']:.3f} x bare faster-whisper")


def memory(ours: Any) -> None:
    """Peak memory while a very long text is spoken into a file, against a short one."""
    import psutil

    import aigc_sdk as aigc

    me = psutil.Process(os.getpid())
    for sentences in (10, 1000):
        text = "This is one of many sentences. " * sentences
        job = ours.submit(aigc.AudioRequest(prompt=text, options={"stream": False}, seed=1))
        peak = 0
        for _ in job.events():
            peak = max(peak, me.memory_info().rss)
        print(f"memory while {sentences:5} sentences are spoken: peak {peak / 1e6:.0f} MB")


def _request(text: str) -> Any:
    import aigc_sdk as aigc

    return aigc.AudioRequest(prompt=text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("speaking", "first", "listening", "memory"))
    arguments = parser.parse_args()
    with client() as ours:
        parts = {"speaking": speaking, "first": first_sound, "listening": listening}
        for name, part in parts.items():
            if arguments.only in (None, name):
                part(ours, arguments.rounds)
        if arguments.only in (None, "memory"):
            memory(ours)


if __name__ == "__main__":
    main()
