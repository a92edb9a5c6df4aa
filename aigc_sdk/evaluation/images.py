"""Evaluates an image model: draws the prompts, marks the pictures, writes the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.errors import InvalidRequest
from ..training.files import replacing
from .drawing import draw
from .marks import mark
from .prompts import Prompt, Prompts
from .report import Report
from .sheet import sheet
from .wordings import Wordings

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..engine.client import Client
    from .scorer.model import Scorer

SHEETS = ("concepts", "colours")


def evaluate(
    client: Client,
    scorer: Scorer,
    prompts: Prompts,
    folder: Path,
    font: bytes | None,
    *,
    seed: int,
    fields: dict[str, Any],
    side: int = 256,
    done: Callable[[int, int], None] = lambda *_: None,
) -> Report:
    """Draws every prompt and writes ``report.json``, ``report.md``, contact sheets and ``pictures/`` into a folder.

    Args:
        font: a font file for the sheets, see :func:`.sheet.sheet`.
        seed: of the first picture; the others follow it. fields: of every request, such as ``model``.
        side: pixels of the pictures on the sheets.
        done: called with how many pictures are made, of how many.

    Raises:
        InvalidRequest: no prompts, or one names what the scorer does not know.
        AigcError: what a job failed with; then nothing is written.
    """
    asked = (*prompts.concepts, *prompts.colours)
    if not asked:
        raise InvalidRequest("no prompts to evaluate with")
    prompts.check(scorer.names)
    began = time.perf_counter()
    pictures, receipt = draw(client, asked, seed, fields, done)
    seconds = time.perf_counter() - began
    marks = mark(scorer, asked, pictures, seed)
    count = len(prompts.concepts)
    report = Report(
        model=receipt.model if receipt else "",
        settings={name: value for name, value in (receipt.options if receipt else {}).items() if value is not None},
        pixels=pictures[0].size,
        seed=seed,
        scorer=scorer.accuracy,
        as_captions=_counted(prompts.concepts, Wordings(scorer.concepts)),
        read_as_captions=_counted(prompts.concepts, Wordings(scorer.concepts, scorer.tokens)),
        concepts=tuple(marks[:count]),
        colours=tuple(marks[count:]),
        seconds=round(seconds, 1),
    )
    for name, part in zip(SHEETS, (slice(count), slice(count, None)), strict=True):
        if marks[part]:
            _save(sheet(pictures[part], marks[part], font, side), folder / f"{name}.png")
    for place, picture in enumerate(pictures):
        _save(picture, picture_path(folder, place))
    report.save(folder)
    return report


def picture_path(folder: Path, place: int) -> Path:
    """Where a report keeps the picture of its prompt number ``place``, counted from 0 over both lists."""
    return folder / "pictures" / f"{place + 1:03d}.png"


def _counted(prompts: Sequence[Prompt], wordings: Wordings) -> int:
    return sum(prompt.text in wordings for prompt in prompts)


def _save(picture: Image, path: Path) -> None:
    with replacing(path) as file:
        picture.save(file, "PNG", optimize=True)
