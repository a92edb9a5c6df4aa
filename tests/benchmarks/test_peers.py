"""benchmarks/peers.py: what is told of figures that are there. Nothing is measured here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "peers.py"
LOAD = {"tokens/s": 400.0, "cpu": 4.0, "requests/s": 6.25, "first p50": 60.0, "first p95": 90.0, "tokens each": 64.0}
SLOW = {name: value / 4 for name, value in LOAD.items()}
KEPT = {
    "start": {
        "aigc-sdk": {"import": 200.0, "help": 100.0, "bare": 12.0},
        "llm": {"import": 300.0, "help": 800.0},
        "litellm": {"error": "did not install: no | such\nthing"},
    },
    "request": {
        "FastAPI hello": {"cpu": 0.25, "wait": 0.5},
        "`aigc serve`": {"cpu": 0.5, "wait": 1.0},
        "BentoML": {"error": "did not start: no answer after 180 s"},
    },
    "text": {
        "`aigc serve`": {"1": SLOW, "8": LOAD, "32": LOAD, "counted": 1.0},
        "llama.cpp (xllamacpp)": {"1": SLOW, "8": SLOW, "32": {"error": "not done after 300 s"}, "counted": 1.0},
        "`transformers serve`": {"error": "failed: TimeoutError: "},
        "prefill": {"p50": 10.0},
    },
    "media": {
        "images 1": {"seconds": 8.0, "cpu": 8.0, "requests": 8, "of sound": 0, "wait": 1.0},
        "images 4": {"seconds": 4.0, "cpu": 8.0, "requests": 8, "of sound": 0, "wait": 2.0},
        "speech 1": {"seconds": 2.0, "cpu": 3.0, "requests": 8, "of sound": 80.0, "first": 30.0, "sound": 10.0},
        "speech 4": {"error": "failed: RuntimeError: refused"},
    },
    "memory": {"`aigc serve`, text loaded": {"processes": 1, "uss": 330.0, "rss": 353.0}},
}


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "results.json"
    parts = {
        name: {"when": "2026-11-22", "machine": "2 cores", "quick": False, "figures": kept}
        for name, kept in KEPT.items()
    }
    file.write_text(json.dumps(parts), "utf-8")
    return file


def test_help_names_the_parts() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in KEPT)


def test_the_page_is_written_from_kept_figures_and_only_its_section_changes(saved: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Benchmarks\n\nBefore.\n", "utf-8")
    for _ in range(2):  # the second time in the place of the first
        done = run("--saved", "--json", saved, "--page", page)
        assert done.returncode == 0, done.stderr
    text = page.read_text("utf-8")
    assert text.startswith("# Benchmarks\n\nBefore.\n")
    assert text.count("## Beside peers") == 1
    assert "| llm | 300 | 1.5 | 800 | 8.0 |" in text
    assert "| `aigc serve` | 0.50 | 2.0 | 1.00 |" in text
    assert "Eight clients get 4.0 times what one gets (target: 3), 4.0 times what llama.cpp" in text
    assert "comes +5.0 ms after the bare prefill (10.0 ms; target: 15)" in text
    assert "| 4 clients | 120 | 2.00 | 2.0 | 1.00 |" in text


def test_a_peer_that_failed_is_a_row_with_the_reason(saved: Path) -> None:
    told = run("--saved", "--json", saved).stdout
    assert "| litellm | did not install: no \\| such thing | | | |" in told
    assert "| BentoML | did not start: no answer after 180 s | | |" in told
    assert "| llama.cpp (xllamacpp) | not done after 300 s | | | | | |" in told


def test_the_plots_that_the_page_shows_are_there(saved: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    run("--saved", "--json", saved, "--page", page)
    plots = sorted((tmp_path / "assets").glob("*.svg"))
    shown = [line.partition("](")[2].rstrip(")") for line in page.read_text("utf-8").splitlines() if line[:2] == "!["]
    assert sorted(shown) == [f"assets/{plot.name}" for plot in plots]
    drawn = ElementTree.parse(tmp_path / "assets" / "peers-request.svg").getroot()
    bars = [float(bar.get("width", "0")) for bar in drawn.findall(".//{*}rect")][1:]
    assert bars[1] == pytest.approx(2 * bars[0], rel=0.01)


def test_without_figures_nothing_is_told(tmp_path: Path) -> None:
    done = run("--saved", "--json", tmp_path / "none.json", "--page", tmp_path / "page.md")
    assert done.returncode == 2
    assert "no figures" in done.stderr
    assert not (tmp_path / "page.md").exists()


def test_a_peer_that_does_not_install_is_told_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    done = run("--only", "start", "--quick", "--cache", tmp_path, "--json", tmp_path / "results.json")
    assert done.returncode == 0, done.stderr
    assert "| aigc-sdk | " in done.stdout
    assert "| llm | did not install: ERROR: No matching distribution found for llm" in done.stdout
    assert not list(tmp_path.glob("*/installed.txt"))
