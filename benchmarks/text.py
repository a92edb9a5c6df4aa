"""The default text model beside llama.cpp (xllamacpp), both from the same file: speed, first token, quality.

    python benchmarks/text.py [--rounds 5] [--tokens 128]

Each engine runs in a process of its own, so that one's spinning threads do not slow the other; the processes take
turns, round by round, on the same prompts. Speeds are medians over the rounds. Quality is the perplexity of one text
under the int8 runner and under transformers in float32, both from the same source file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL = "smollm2-135m-instruct"
PROMPT = "Write a long story about a potter who makes a red ceramic mug. Part {n}."
WARM_UP = "Hello"
EIGHT = 8
TEXT = (
    "The quick red fox sat by the river and watched the boats drift past. A ceramic mug is made from clay, shaped by "
    "hand, glazed and fired in a kiln at a high temperature. Paris is the capital of France. Regular sleep helps the "
    "body recover, and a short walk after dinner can improve it. Many towns hold a weekly market where farmers sell "
    "vegetables, bread and cheese. When the rain stopped, the children ran outside to look for snails. Water boils at "
    "one hundred degrees at sea level, and at a lower temperature in the mountains. She opened the letter, read it "
    "twice, and put it back into the drawer without a word. The library is open from nine in the morning until six in "
    "the evening, except on Sundays. To make tea, warm the pot, add one spoon of leaves for each person, pour on "
    "boiling water and wait for four minutes. The bridge was built in 1894 and carries both trains and cars."
)

Figures = dict[str, float]


def ours(tokens: int) -> Callable[[], Figures]:
    """The default model through the client, as a program would use it."""
    import aigc_sdk as aigc
    from aigc_sdk.settings import LedgerSettings, Settings

    client = aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False)))

    def request(n: int, count: int) -> Any:
        options = {"repetition_guard": False}
        prompt = PROMPT.format(n=n)
        return aigc.TextRequest(prompt=prompt, model=MODEL, max_tokens=count, temperature=0, seed=1, options=options)

    def one() -> Figures:
        artifact = client.submit(request(0, tokens)).result()
        assert artifact.receipt is not None
        timings = artifact.receipt.timings
        written = artifact.receipt.units["output_tokens"]
        return {
            "one stream, tokens/s": written / timings["run"],
            "first token, ms": (timings["first_output"] - timings["queued"]) * 1000,
        }

    def eight() -> Figures:
        began = time.perf_counter()
        artifacts = client.generate_many(request(n, tokens // 2) for n in range(EIGHT))
        written = sum(a.receipt.units["output_tokens"] for a in artifacts)  # type: ignore[union-attr]
        return {"eight at once, tokens/s": written / (time.perf_counter() - began)}

    hello = client.submit(aigc.TextRequest(prompt=WARM_UP, model=MODEL, max_tokens=8, seed=1)).result()
    load = hello.receipt.timings["load"]  # type: ignore[union-attr]
    return lambda: {"load, s": load} | one() | eight()


def llama(tokens: int) -> Callable[[], Figures]:
    """llama.cpp's own server, without our code around it."""
    import xllamacpp

    server = {slots: _llama_server(xllamacpp, slots) for slots in (1, EIGHT)}

    def ask(slots: int, prompt: str, count: int) -> int:
        messages = [{"role": "user", "content": prompt}]
        fields = {"messages": messages, "max_tokens": count, "temperature": 0}
        answer = server[slots].handle_chat_completions(fields)
        return int((json.loads(answer) if isinstance(answer, str) else answer)["usage"]["completion_tokens"])

    def one() -> Figures:
        began = time.perf_counter()
        written = ask(1, PROMPT.format(n=0), tokens)
        return {"one stream, tokens/s": written / (time.perf_counter() - began)}

    def eight() -> Figures:
        written = [0] * EIGHT

        def work(n: int) -> None:
            written[n] = ask(EIGHT, PROMPT.format(n=n), tokens // 2)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(EIGHT)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"eight at once, tokens/s": sum(written) / (time.perf_counter() - began)}

    for slots in server:
        ask(slots, WARM_UP, 8)
    return lambda: one() | eight()


def _llama_server(xllamacpp: Any, slots: int) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(model_folder() / model_file())
    params.n_ctx = 1024 * slots
    params.n_parallel = slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.verbosity = -1
    return xllamacpp.Server(params)


def prefill(tokens: int) -> Callable[[], Figures]:
    """The bare prefill of the same prompt: what no first token can be faster than."""
    backend, ids = bare_backend("onnx")
    backend.free(backend.prefill(ids(WARM_UP))[0])

    def once() -> Figures:
        began = time.perf_counter()
        slot, _ = backend.prefill(ids(PROMPT.format(n=0)))
        spent = time.perf_counter() - began
        backend.free(slot)
        return {"prefill, ms": spent * 1000}

    return once


def quality(runner: str) -> float:
    """Perplexity of the text under a runner of the default model."""
    from aigc_text.perplexity import perplexity

    backend, _ = bare_backend(runner)
    tokens = _tokenizer().encode(TEXT)
    return perplexity(backend, tokens.ids if hasattr(tokens, "ids") else tokens)


def engine_parts(runner: str) -> tuple[Any, Any, Any]:
    import aigc_sdk as aigc
    from aigc_sdk.settings import LedgerSettings, Settings

    client = aigc.Client(settings=Settings(ledger=LedgerSettings(enabled=False)))
    request = aigc.TextRequest(prompt="x", model=MODEL, runner=runner)
    entry, plan = client.engine.plan(request)
    return client, entry, plan


def bare_backend(runner: str) -> tuple[Any, Callable[[str], Any]]:
    import aigc_sdk as aigc
    from aigc_sdk.accelerators import threads
    from aigc_sdk.engine.resolve import resolve
    from aigc_sdk.registry.registry import load_attribute

    client, entry, plan = engine_parts(runner)
    threads.apply(plan)
    loader = load_attribute(entry.manifest.runner(runner).loader, "text")
    loaded = loader(entry.card, plan, client.store.files(entry.card))

    def ids(prompt: str) -> Any:
        request = aigc.TextRequest(prompt=prompt, model=MODEL, seed=1)
        return loaded.preprocess(resolve(request, entry.card, entry.manifest)).tokens

    return loaded.backend, ids


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    client, entry, _ = engine_parts("onnx")
    for path in sorted(client.store.root.rglob("tokenizer.json")):
        if entry.card.id in str(path):
            return Tokenizer.from_file(str(path))
    raise SystemExit("run `aigc text hi` once, so that the model is converted")


def model_folder() -> Path:
    client, entry, _ = engine_parts("gguf")
    return Path(client.store.files(entry.card).folder())


def model_file() -> str:
    return next(path.name for path in model_folder().iterdir() if path.suffix == ".gguf")


def _threads() -> int:
    return int(engine_parts("onnx")[2].threads)


# --- the processes ------------------------------------------------------------------------------------------------

WORKERS: dict[str, Callable[[int], Callable[[], Figures]]] = {"ours": ours, "llama.cpp": llama, "prefill": prefill}


def work(name: str, tokens: int) -> None:
    """A worker process: one round for each line on stdin, figures as JSON on stdout."""
    once = WORKERS[name](tokens)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(once()), flush=True)


class Worker:
    """A worker process, from the side of its owner."""

    def __init__(self, name: str, tokens: int) -> None:
        command = [sys.executable, __file__, "--worker", name, "--tokens", str(tokens)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self._line()

    def round(self) -> Figures:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        figures: Figures = json.loads(self._line())
        return figures

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(("ready", "{")):
                return line
        raise SystemExit("a worker process ended early")


def measure(rounds: int, tokens: int) -> dict[str, Figures]:
    """Medians of each worker's figures."""
    seen: dict[str, list[Figures]] = {name: [] for name in WORKERS}
    for _ in range(rounds):
        for name in WORKERS:
            # One process at a time: waiting threads of the others would spin beside it.
            worker = Worker(name, tokens)
            seen[name].append(worker.round())
            worker.close()
    return {
        name: {what: statistics.median(f[what] for f in figures) for what in figures[0]}
        for name, figures in seen.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker, arguments.tokens)
    figures = measure(arguments.rounds, arguments.tokens)
    for what in ("one stream, tokens/s", "eight at once, tokens/s"):
        mine, theirs = figures["ours"][what], figures["llama.cpp"][what]
        print(f"{what:26} ours {mine:7.1f}   llama.cpp {theirs:7.1f}   ratio {mine / theirs:.2f}")
    first, bare = figures["ours"]["first token, ms"], figures["prefill"]["prefill, ms"]
    print(f"{'first token, ms':26} ours {first:7.1f}   bare prefill {bare:7.1f}   added {first - bare:.1f}")
    print(f"{'load, s':26} ours {figures['ours']['load, s']:7.2f}")
    int8, reference = quality("onnx"), quality("transformers")
    print(f"{'perplexity':26} int8 {int8:7.2f}   float32 {reference:7.2f}   ratio {int8 / reference:.3f}")


if __name__ == "__main__":
    main()
