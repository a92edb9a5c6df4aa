"""What one call costs beyond the model: the echo plugin called bare, through the engine, and with the ledger.

    python benchmarks/overhead.py [--calls 2000]

The echo runner does next to nothing, so what is measured is the SDK: validation, queueing, two thread hand-overs, the
receipt and, in the last row, two database writes. Medians over single calls.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aigc_sdk import Client, Item, TextRequest
from aigc_sdk.engine.resolve import resolve
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import ECHO, echo_registry
from aigc_sdk.testing.echo import EchoRunner

REQUEST = TextRequest(prompt="a red mug", seed=1)


def median_ms(call: Callable[[], object], calls: int) -> float:
    """Median milliseconds of one call, after a warm-up of a tenth as many."""
    for _ in range(calls // 10):
        call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def bare() -> Callable[[], object]:
    """The runner alone: preprocess and run, as a program that uses the library directly would."""
    runner = EchoRunner(continuous=False)
    request = resolve(REQUEST, ECHO.models[0], ECHO)

    class Alone:
        def cancelled(self, index: int) -> bool:
            return False

    return lambda: list(runner.run([Item(0, request, runner.preprocess(request), 1)], Alone()))


def through_engine(ledger: bool, folder: Path) -> tuple[Client, Callable[[], object]]:
    """A client on the echo plugin, with or without a ledger in ``folder``."""
    settings = Settings(ledger=LedgerSettings(enabled=ledger, url=f"sqlite:///{folder / 'ledger.sqlite'}"))
    client = Client(settings=settings, registry=echo_registry())
    return client, lambda: client.submit(REQUEST).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    figures = {"bare runner": median_ms(bare(), arguments.calls)}
    with tempfile.TemporaryDirectory() as folder:
        for name, ledger in (("engine", False), ("engine and ledger", True)):
            client, call = through_engine(ledger, Path(folder))
            with client:
                figures[name] = median_ms(call, arguments.calls)
    registry = echo_registry()
    figures["model look-up"] = median_ms(lambda: registry.find("echo", "text"), arguments.calls * 10)
    for name, ms in figures.items():
        added = f"   added {ms - figures['bare runner']:.3f} ms" if name.startswith("engine") else ""
        print(f"{name:20} {ms:8.4f} ms{added}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
