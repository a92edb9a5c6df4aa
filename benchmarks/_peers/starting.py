"""CPU time of whole processes that import a library, or print a program's help."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from startup import cpu_ms

from .charts import Chart
from .installs import python
from .options import Figures, Options, attempted, row
from .servers import AIGC

TITLE = "Starting beside peers"
RUNS = 5
MINE = "aigc-sdk"
_IMPORTS = {
    "llm": "from llm import get_model",
    "litellm": "from litellm import completion",
    "transformers": "from transformers import pipeline",
}
_QUIET = {"HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
"""Nobody asks the network while he is measured."""


def measure(options: Options) -> Figures:
    """Median CPU milliseconds of each command, by library; in turns."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, **_QUIET, "AIGC_HOME": scratch, "LLM_USER_PATH": scratch}
        runs: dict[str, Callable[[], Figures]] = {MINE: partial(_ours, environment)}
        runs |= {peer: partial(_theirs, peer, environment, options.cache) for peer in _IMPORTS}
        taken: dict[str, list[Figures]] = {name: [] for name in runs}
        for turn in range(options.count(RUNS) + 1):
            for name, run in runs.items():
                if not taken[name] or "error" not in taken[name][-1]:
                    taken[name].append(attempted(f"{name}, run {turn}", run))
    return {name: _median(figures) for name, figures in taken.items()}


def _ours(environment: dict[str, str]) -> Figures:
    importing = [sys.executable, "-c", "from aigc_sdk import Client"]
    bare = cpu_ms([sys.executable, "-c", "pass"], environment)
    return {"import": cpu_ms(importing, environment), "help": cpu_ms([AIGC, "--help"], environment), "bare": bare}


def _theirs(peer: str, environment: dict[str, str], cache: Path) -> Figures:
    interpreter = python(peer, cache)
    found = {"import": cpu_ms([str(interpreter), "-c", _IMPORTS[peer]], environment)}
    program = interpreter.with_name(peer)
    if peer != "litellm":  # its program is a proxy server's, and needs what a library's user has not installed
        found["help"] = cpu_ms([str(program), "--help"], environment)
    return found


def _median(figures: list[Figures]) -> Figures:
    """Without the first run, which writes byte code."""
    if "error" in figures[-1]:
        return figures[-1]
    return {what: statistics.median(each[what] for each in figures[1:]) for what in figures[0]}


def told(figures: Figures) -> list[str]:
    """The table."""
    mine = figures[MINE]
    lines = [
        f"CPU time of whole processes; an empty Python takes {mine['bare']:.0f} ms. An import names what is called"
        " first (`from aigc_sdk import Client`, `from transformers import pipeline`), so that lazy packages show their"
        " weight.",
        "",
        "| | import, CPU ms | beside ours | `--help`, CPU ms | beside ours |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, found in figures.items():
        lines.append(
            row(
                name,
                found,
                lambda f: _cell(f, "import"),
                lambda f: _cell(f, "import", mine),
                lambda f: _cell(f, "help"),
                lambda f: _cell(f, "help", mine),
            )
        )
    return lines


def _cell(found: Figures, what: str, mine: Figures | None = None) -> str:
    if what not in found:
        return ""
    return f"{found[what]:,.0f}" if mine is None else f"{found[what] / mine[what]:.1f}"


def charts(figures: Figures) -> list[Chart]:
    bars = {name: found["import"] for name, found in figures.items() if "import" in found}
    return [Chart("peers-start", "Importing, CPU ms (less is better)", {"": bars}, mine=MINE)]
