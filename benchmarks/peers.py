"""Ours beside peers: start-up, server CPU, text, pictures and speech over HTTP, memory. Peers install themselves.

    python benchmarks/peers.py [--only text] [--page docs/benchmarks.md] [--saved] [--quick]

Each peer is installed once, with pip, into a virtual environment of its own under `--cache`; never into yours. The
parts are independent: after each, its figures are kept in `--json`, so a part can be measured again, and the page be
written anew (`--saved`), without the others. All of it takes about a quarter of an hour on an idle machine.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import time
from pathlib import Path

import psutil
from _peers import report
from _peers.installs import CACHE
from _peers.options import Figures, Options

BUSY_S = 3
"""How long it is watched what other work takes."""


def machine() -> str:
    """What the figures are measured on, in a few words, and what else it does just now."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} cores of {model}, {psutil.cpu_percent(BUSY_S):.0f}% busy with other work"


def measure(names: list[str], options: Options, file: Path) -> dict[str, Figures]:
    """Measures the parts named; keeps each in the file as soon as it is there. Returns all that the file has."""
    saved: dict[str, Figures] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name in names:
        here, began = machine(), time.monotonic()
        print(f"{name}: {here}", file=sys.stderr, flush=True)
        figures = report.SECTIONS[name].measure(options)
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
        saved[name] = {"when": now, "machine": here, "quick": options.quick, "figures": figures}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(saved, indent=1) + "\n", "utf-8")
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return saved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=report.SECTIONS, action="append", help="this part; repeatable")
    parser.add_argument("--page", type=Path, help="put tables into this page, and plots beside it")
    parser.add_argument("--saved", action="store_true", help="measure nothing: tell what --json has")
    parser.add_argument("--quick", action="store_true", help="few requests: to see that all works, not how fast")
    parser.add_argument("--xinference", action="store_true", help="also install and measure Xinference (2 GB)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where peers are installed (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="where figures are kept (default: results.json in the cache)")
    given = parser.parse_args()
    file = given.json or given.cache / "results.json"
    options = Options(given.cache.absolute(), quick=given.quick, xinference=given.xinference)
    saved = measure([] if given.saved else given.only or list(report.SECTIONS), options, file)
    if not saved:
        parser.error(f"{file} has no figures")
    print(report.section(saved))
    if given.page:
        report.write(given.page, saved)


if __name__ == "__main__":
    main()
