"""What ships: the scorer's weights, which know what the prompts name, and prompts that are no captions of training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aigc_sdk.evaluation.prompts import Prompts
from aigc_sdk.evaluation.scorer.model import Scorer
from aigc_sdk.evaluation.wordings import Wordings
from aigc_sdk.training.captions import Captioner


@pytest.fixture(scope="module")
def shipped() -> Scorer:
    return Scorer.load()


def test_the_scorer_knows_what_they_name(shipped: Scorer) -> None:
    Prompts.load().check(shipped.names)


def test_none_is_a_caption_of_training(shipped: Scorer) -> None:
    wordings = Wordings(shipped.concepts)
    assert [prompt.text for prompt in Prompts.load().concepts if prompt.text in wordings] == []


@pytest.mark.parametrize("colour", [None, "grey", "blue"])
def test_every_caption_is_known_as_one(shipped: Scorer, colour: str | None) -> None:
    wordings, read = Wordings(shipped.concepts), Wordings(shipped.concepts, shipped.tokens)
    captioner, random = Captioner(shipped.concepts), np.random.default_rng(0)
    for _ in range(300):
        caption = captioner.draw(random, int(random.integers(len(shipped.concepts))), "3d", colour)
        assert caption in wordings, caption
        assert caption in read, caption


def test_what_is_no_caption(shipped: Scorer) -> None:
    wordings, read = Wordings(shipped.concepts), Wordings(shipped.concepts, shipped.tokens)
    assert "a picture of the cats" not in wordings
    assert "a picture of the cats" in read  # fillers and plurals are not read
    assert "dog on the moon" not in read


def test_the_one_that_ships() -> None:
    from importlib.resources import files

    weights = Path(str(files("aigc_sdk.evaluation").joinpath("weights")))
    assert sum(path.stat().st_size for path in weights.iterdir()) < 6_000_000
    scorer = Scorer.load()
    assert len(scorer.concepts) == len(set(scorer.names)) > 600
    assert scorer.accuracy["another style"]["pictures"] > 600
    assert json.dumps(scorer.accuracy)
    directions = scorer.read(["red apple, 3d", "a red apple", "submarine"])
    assert directions[0] @ directions[1] > directions[0] @ directions[2]
