"""The scorer: it learns, it goes on where it was stopped, it says how right it is, and it can be kept."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.evaluation.scorer.accuracy import HeldOut, measure
from aigc_sdk.evaluation.scorer.model import Scorer

from .conftest import CONCEPTS, Learn, shape


def test_it_learns_what_is_shown(tiny: Scorer) -> None:
    seen = tiny.see([shape(place, (200, 50, 45)) for place in range(len(CONCEPTS))])
    assert (seen @ tiny.concept_directions.T).argmax(1).tolist() == [0, 1, 2, 3]
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)


def test_pictures_of_any_size_and_mode(tiny: Scorer) -> None:
    ball = shape(0, (200, 50, 45))
    whole = tiny.see([ball])
    clear = ball.convert("RGBA")
    clear.putalpha(Image.fromarray((np.asarray(ball).min(-1) < 250).astype(np.uint8) * 255))
    for other in (ball.resize((256, 256)), clear, ball.convert("CMYK")):
        assert (tiny.see([other]) @ whole.T).item() > 0.95


def test_its_accuracy_is_measured_on_what_it_did_not_learn(tiny: Scorer) -> None:
    same, other = tiny.accuracy["same styles"], tiny.accuracy["another style"]
    assert (same["pictures"], other["pictures"]) == (1, 4)  # one style of the first concept is held out
    assert other["recoloured"] == 40
    assert all(0 <= other[name] <= 1 for name in ("first", "among_5", "first_of_20", "colour", "colour_and_concept"))
    assert "style" in same
    assert "style" not in other


def test_accuracy_counts(tiny: Scorer) -> None:
    pixels = np.stack([np.asarray(shape(place, (200, 50, 45))) for place in (0, 1, 2, 3)])
    assert measure(tiny, HeldOut(pixels, [0, 1, 2, 3]))["first"] == 1
    swapped = measure(tiny, HeldOut(pixels, [1, 0, 2, 3]))
    assert (swapped["first"], swapped["among_5"]) == (0.5, 1)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(learn: Learn, tmp_path: Path) -> None:
    whole = learn(tmp_path / "whole", 6)
    polled = itertools.count()
    assert learn(tmp_path / "cut", 6, lambda: next(polled) == 3) is None
    resumed = learn(tmp_path / "cut", 6)
    assert whole is not None
    assert resumed is not None
    assert np.array_equal(whole.read(["ball", "箱子"]), resumed.read(["ball", "箱子"]))


def test_it_can_be_kept(tiny: Scorer, tmp_path: Path) -> None:
    tiny.save(tmp_path / "kept")
    kept = Scorer.load(tmp_path / "kept")
    assert (kept.names, kept.accuracy) == (tiny.names, tiny.accuracy)
    assert np.allclose(kept.read(["red ball, flat"]), tiny.read(["red ball, flat"]), atol=2e-3)
    assert not list((tmp_path / "kept").glob(".*"))


def test_a_folder_without_one_is_refused(tiny: Scorer, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no picture-caption scorer"):
        Scorer.load(tmp_path)
    tiny.save(tmp_path)
    (tmp_path / "scorer.safetensors").write_bytes(b"not weights")
    with pytest.raises(InvalidRequest, match="no picture-caption scorer"):
        Scorer.load(tmp_path)


def test_what_it_reads(tiny: Scorer) -> None:
    assert tiny.tokens("The red balls, please") == "red ball"
    assert tiny.tokens("zeppelin") == "<unk>"
