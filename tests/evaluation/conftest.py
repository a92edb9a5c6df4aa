"""A tiny scorer: two things in three styles, drawn here, learned in seconds."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aigc_sdk.evaluation.scorer import recipe
from aigc_sdk.evaluation.scorer.model import Scorer
from aigc_sdk.training.concepts import Concept, Names
from aigc_sdk.training.loop import Loop, StageSettings
from aigc_sdk.training.pictures import Pictures

CONCEPTS = [
    Concept(key=key, names={"en": Names(label=en, others=(other,)), "zh": Names(label=zh)})
    for key, en, other, zh in (
        ("1", "ball", "sphere", "球"),
        ("2", "box", "crate", "箱子"),
        ("3", "bar", "stick", "棒"),
        ("4", "ring", "hoop", "环"),
    )
]
STYLES = {"3d": (200, 60, 50), "flat": (200, 40, 40), "cartoon": (220, 80, 60)}


def shape(concept: int, colour: tuple[int, int, int], edge: int = 0) -> Image.Image:
    """One of the four things, on white."""
    picture = Image.new("RGB", (64, 64), "white")
    pen = ImageDraw.Draw(picture)
    ink = tuple(value // 2 for value in colour)
    if concept == 0:
        pen.ellipse((10, 10, 54, 54), colour, ink, edge)
    elif concept == 1:
        pen.rectangle((8, 8, 56, 56), colour, ink, edge)
    elif concept == 2:
        pen.rectangle((24, 2, 40, 62), colour, ink, edge)
    else:
        pen.ellipse((6, 6, 58, 58), outline=colour, width=9)
    return picture


def drawn(styles: dict[str, tuple[int, int, int]]) -> Pictures:
    """All things in all styles."""
    rows = [
        (concept.key, style, np.asarray(shape(place, colour, 3 * number)))
        for number, (style, colour) in enumerate(styles.items())
        for place, concept in enumerate(CONCEPTS)
    ]
    keys, names, pixels = zip(*rows, strict=True)
    return Pictures(np.stack(pixels), np.array(keys), np.array(names))


def settings(steps: int) -> StageSettings:
    return StageSettings(
        steps=steps, batch=6, learning_rate=3e-3, warmup=5, average=0.8, checkpoint_every=20, sheet_every=1000
    )


Learn = Callable[..., Scorer | None]


@pytest.fixture(scope="session")
def learn() -> Learn:
    """Trains the tiny scorer in a folder: ``learn(folder, steps)``."""

    def run(folder: Path, steps: int, stopped: Callable[[], bool] = lambda: False) -> Scorer | None:
        unseen = drawn({"plain": (40, 90, 200)})
        loop = Loop(folder, mixed="no", stopped=stopped)
        return recipe.train(drawn(STYLES), CONCEPTS, unseen, loop, settings(steps))

    return run


@pytest.fixture(scope="session")
def tiny(learn: Learn, tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    """The tiny scorer, trained."""
    scorer = learn(tmp_path_factory.mktemp("scorer"), 240)
    assert scorer is not None
    return scorer


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
