"""Marks, figures, the sheet: what is right is counted as right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from aigc_sdk.evaluation.marks import Mark, mark
from aigc_sdk.evaluation.prompts import Prompt
from aigc_sdk.evaluation.report import Report
from aigc_sdk.evaluation.scorer.model import Scorer
from aigc_sdk.evaluation.sharpness import blur
from aigc_sdk.evaluation.sheet import sheet, wrong

from .conftest import shape


def made(prompt: str, shown: str, **fields: str | None) -> Mark:
    asked = {name.removeprefix("asked_"): value for name, value in fields.items() if name.startswith("asked_")}
    seen = {name: value for name, value in fields.items() if not name.startswith("asked_")}
    return Mark.model_validate(
        {
            "prompt": {"text": prompt, "concept": "ball", **asked},
            "seed": 1,
            "shown": shown,
            "rank": 1,
            "blur": 0.3,
            **seen,
        }
    )


def report(*concepts: Mark, colours: tuple[Mark, ...] = ()) -> Report:
    return Report(
        model="m", settings={"steps": 2}, pixels=(64, 64), seed=1, scorer={}, as_captions=0, read_as_captions=0,
        concepts=concepts, colours=colours, seconds=1.0,
    )  # fmt: skip


def test_marks(tiny: Scorer) -> None:
    prompts = [
        Prompt(text="my ball", concept="ball", style="flat"),
        Prompt(text="my box", concept="box", colour="red"),
        Prompt(text="my stick", concept="box", also=("bar",)),
        Prompt(text="my ring", concept="ball"),
    ]
    found = mark(tiny, prompts, [shape(place, (200, 45, 40)) for place in range(4)], seed=7)
    assert [one.shown for one in found] == ["ball", "box", "bar", "ring"]
    assert [one.concept_right for one in found] == [True, True, True, False]
    assert [one.seed for one in found] == [7, 8, 9, 10]
    assert [one.rank == 1 for one in found] == [True, True, True, False]
    assert found[0].style in ("3d", "flat", "cartoon")
    assert found[1].colour is not None
    assert found[2].style is found[2].colour is None
    assert found[2].style_right  # nothing was asked for


def test_figures() -> None:
    whole = report(
        made("a ball", "ball", asked_style="3d", style="3d"),
        made("one ball", "box", asked_style="3d", style="flat"),
        made("一个球", "ball"),
        colours=(
            made("red ball", "ball", asked_colour="red", colour="red"),
            made("blue ball", "ball", asked_colour="blue", colour="red"),
            made("绿球", "box", asked_colour="green", colour="green"),
        ),
    )
    counted = {figure.name: (figure.right, figure.of) for figure in whole.figures()}
    assert counted == {
        "concept shown, of all prompts": (2, 3),
        "concept shown, English prompts": (1, 2),
        "concept shown, Chinese prompts": (1, 1),
        "style, where the prompt says one": (1, 2),
        "colour prompts: object shown": (2, 3),
        "colour prompts: colour right": (2, 3),
        "colour prompts: both": (1, 3),
    }
    assert "| colour prompts: both | 1 of 3 (33%) |" in whole.table()


def test_what_was_not_asked_is_not_counted(tmp_path: Path) -> None:
    whole = report(made("a ball", "ball"))
    assert [figure.name for figure in whole.figures()] == [
        "concept shown, of all prompts",
        "concept shown, English prompts",
    ]
    whole.save(tmp_path)
    kept = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert kept["figures"]["concept shown, of all prompts"]["share"] == 1
    assert kept["concepts"][0]["shown"] == "ball"
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == whole.table()


def test_blur_rises_with_blurring() -> None:
    sharp = shape(3, (10, 60, 200)).resize((256, 256), Image.Resampling.NEAREST)
    blurs = [blur(sharp.filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 2, 4, 8)]
    assert blurs == sorted(blurs)
    assert 0 <= blurs[0] < 0.4 < blurs[-1] <= 1
    assert blur(Image.new("RGB", (40, 20), "red")) == 1


def test_the_sheet_shows_every_picture_and_what_was_seen() -> None:
    marks = [made(f"a ball number {place}", "ball" if place else "box") for place in range(12)]
    pictures = [shape(0, (200, 45, 40)).convert("RGBA") for _ in marks]
    whole = sheet(pictures, marks, None, 64)
    assert whole.size == (10 * 76, 2 * 121)
    assert whole.getpixel((6 + 32, 6 + 32)) == (200, 45, 40)
    assert [wrong(one) for one in marks[:2]] == ["seen: box", ""]
    reddish = sum(count for count, ink in whole.crop((0, 70, 76, 121)).getcolors(10_000) or [] if ink[0] > 150 > ink[1])  # type: ignore[index,operator]
    assert reddish > 20  # "seen: box", in red, below the first


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (300, 200)])
def test_the_sheet_takes_pictures_of_any_shape(size: tuple[int, int]) -> None:
    whole = sheet([Image.new("RGB", size, "blue")], [made("一个很长很长的提示词" * 5, "ball")], None, 64)
    assert whole.size == (76, 121)
