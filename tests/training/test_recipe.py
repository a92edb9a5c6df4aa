"""Recipes: composed, validated, explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.training import recipe
from aigc_sdk.training.sets import PictureSet


def load(*overrides: str) -> recipe.Recipe:
    return recipe.load("text-to-image", ["out=run", *overrides])


def test_the_shipped_data_is_pinned_and_licensed():
    made = load("data=emoji")
    assert isinstance(made.data, recipe.Sets)
    assert [each.style for each in made.data.sets] == ["3d", "flat", "cartoon"]
    for source in made.sources:
        assert source.sha256
        assert source.attribution
        assert source.licence in ("MIT", "Apache-2.0")


def test_overrides_reach_their_place():
    made = load("data.path=a b/图片, neu", "diffusion.steps=7", "model=tiny", "card.name=My (first) model")
    assert made.data.path == Path("a b/图片, neu")
    assert (made.diffusion.steps, made.autoencoder.steps, made.model.side) == (7, 3, 16)
    assert made.card.name == "My (first) model"


def test_a_users_own_group_is_found(home: Path):
    (home / "conf" / "train" / "data").mkdir(parents=True)
    (home / "conf" / "train" / "data" / "ours.yaml").write_text("kind: folder\npath: /srv/pictures\nlicence: MIT\n")
    assert load("data=ours").data.path == Path("/srv/pictures")


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("data.path=x", "diffusion.stepps=3"), "did you mean 'diffusion.steps'"),
        (("data.path=x", "modell=tiny"), "did you mean 'model'"),
        (("data=emojis",), "emoji"),
        ((), "data.path=pictures/"),
        (("data=huggingface",), "data.repository=ORG/NAME"),
        (("data.path=x", "diffusion.steps=0"), r"diffusion\.steps: .* \(got 0\)"),
        (("data.path=x", "diffusion.batch=many"), r"diffusion\.batch"),
        (("data.path=x", "model.side=50"), "model.side 50 cannot be halved 4 times; take 48"),
        (("data.path=x", "model.unet_widths=[60,90]"), "unet_widths: 60 is not a multiple of 16"),
        (("data.path=x", "out=null"), "out=run/"),
    ],
)
def test_what_is_wrong_is_said(overrides: tuple[str, ...], told: str):
    with pytest.raises(InvalidRequest) as caught:
        load(*overrides)
    assert re.search(told, str(caught.value)), str(caught.value)


def test_an_unknown_task_and_an_unknown_style():
    with pytest.raises(InvalidRequest, match="did you mean 'text-to-image'"):
        recipe.load("text-to-images")
    odd = PictureSet(source="folder:x", licence="MIT", style="cartoons")
    with pytest.raises(InvalidRequest, match="unknown style 'cartoons'; did you mean 'cartoon'"):
        recipe.Sets(kind="sets", sets=(odd,), annotations=odd)
