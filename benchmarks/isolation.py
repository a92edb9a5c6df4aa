"""What it costs that a plugin runs in a process of its own: the echo plugin here, and isolated.

    python benchmarks/isolation.py [--calls 300]

Both run the same requests in turns, in one run; the isolated one uses this interpreter, so that the process is the only
difference. Medians over single calls. A word is one step: a look at ``cancelled``, and a streamed delta.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from aigc_sdk import Client, TextRequest
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import echo_registry

ROUNDS = 5


def client(python: str | None) -> Client:
    """A client on the echo plugin, isolated if there is an interpreter for it."""
    registry = echo_registry()
    registry.plugins()[0].python = python
    return Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)


def times_ms(one: Client, request: TextRequest, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        one.submit(request).result()
        times.append((time.perf_counter() - began) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    figures = {}
    with client(None) as here, client(sys.executable) as isolated:
        for words in (1, 10, 50):
            request = TextRequest(prompt="word " * words, seed=1)
            times: dict[str, list[float]] = {"here": [], "isolated": []}
            for _ in range(ROUNDS):
                times["here"] += times_ms(here, request, arguments.calls // ROUNDS)
                times["isolated"] += times_ms(isolated, request, arguments.calls // ROUNDS)
            alone, apart = (statistics.median(times[name]) for name in ("here", "isolated"))
            figures[words] = {"here_ms": alone, "isolated_ms": apart}
            print(f"{words:3} words: here {alone:6.3f} ms, isolated {apart:6.3f} ms, added {apart - alone:6.3f} ms")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
