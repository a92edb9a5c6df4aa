"""`aigc evaluate image`, from the command line to the report, with a tiny pipeline and a tiny scorer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from aigc_sdk.contract.errors import StoreError
from aigc_sdk.evaluation.scorer.model import Scorer
from tests.image import tiny as pipelines

PROMPTS = """
concepts:
  - {text: "my little ball", concept: ball, style: flat}
  - {text: "一个大箱子", concept: box, also: [bar]}
colours:
  - {text: "red ring", concept: ring, colour: red}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tiny: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``aigc evaluate image`` on the tiny pipeline. Fonts are not fetched in tests."""
    import aigc_sdk.campaign.layout.fonts as fonts
    from aigc_sdk.cli.main import cli

    def none(*_: Any) -> bytes:
        raise StoreError("no fonts here")

    monkeypatch.setattr(fonts, "caption_font", none)
    tiny.save(tmp_path / "scorer")
    (tmp_path / "prompts.yaml").write_text(PROMPTS, encoding="utf-8")
    model = pipelines.stable_diffusion(tmp_path / "model")

    def evaluate(*arguments: str, output: str = "report", prompts: str = "prompts.yaml") -> Result:
        fixed = {"--model": model, "--scorer": tmp_path / "scorer", "--prompts": tmp_path / prompts}
        given = [str(part) for pair in {**fixed, "-o": tmp_path / output}.items() for part in pair]
        return CliRunner().invoke(cli, ["evaluate", "image", *given, "--steps", "2", *arguments], prog_name="aigc")

    return evaluate


def test_the_report(run: Run, tmp_path: Path) -> None:
    result = run("--side", "64")
    assert result.exit_code == 0, result.output
    assert "concept shown, of all prompts" in result.stdout
    assert "Latin letters alone: no fonts here" in result.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["pixels"] == [64, 64]
    assert report["settings"]["steps"] == 2
    assert [mark["seed"] for mark in (*report["concepts"], *report["colours"])] == [1, 2, 3]
    assert report["figures"]["colour prompts: both"]["of"] == 1
    assert report["scorer"]["another style"]["pictures"] == 4
    for name in ("concepts.png", "colours.png"):
        with Image.open(tmp_path / "report" / name) as sheet:
            assert sheet.height == 121


def test_the_same_seed_gives_the_same_report(run: Run, tmp_path: Path) -> None:
    first, again, other = run("--json"), run("--json", output="again"), run("--seed", "9", "--json", output="other")
    assert json.loads(first.stdout)["concept shown, of all prompts"]["of"] == 2
    assert again.stdout == first.stdout
    assert other.exit_code == 0
    sheets = {name: (tmp_path / name / "concepts.png").read_bytes() for name in ("report", "again", "other")}
    assert sheets["report"] == sheets["again"] != sheets["other"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("concepts: [{text: x, concept: zeppelin}]", "knows no 'zeppelin'"),
        ("{}", "no prompts"),
        ("concepts: nothing", "no list of prompts"),
    ],
)
def test_refusals_write_nothing(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    result = run(prompts="bad.yaml")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "report").exists()


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(run: Run) -> None:
    result = run(output="none/report")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
