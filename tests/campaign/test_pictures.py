"""The picture of a campaign: asked for, ranked, enlarged, kept; or the brief's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigc_sdk import InvalidRequest

from .conftest import SMALL
from .drawing import PAINTED, PAINTER, SKETCHER, encoded, scenery

PICTURES = SMALL.model_copy(update={"pictures": 3})


@pytest.fixture
def painted(run, scripted_client):
    """Runs the small campaign with a painter installed."""
    PAINTED.clear()
    scripted_client.registry.add(PAINTER)
    return run


def test_the_picture_is_asked_for_in_the_brief_s_words(painted):
    painted(settings=PICTURES)
    assert [r.prompt for r in PAINTED if r.task == "text-to-image"] == ["red ceramic mug, 3d"] * 3
    PAINTED.clear()
    painted(settings=PICTURES, picture={"prompt": "red mug", "style": "flat"})
    assert {r.prompt for r in PAINTED if r.task == "text-to-image"} == {"red mug, flat"}


def test_the_best_of_several_is_taken_and_enlarged(painted, tmp_path: Path):
    pictures = painted(settings=PICTURES).manifest.pictures
    assert [picture.chosen for picture in pictures] == [True, False, False]
    assert pictures[0].seed == 2  # the red one
    assert (pictures[0].width, pictures[1].width) == (512, 128)
    assert "is red" in pictures[0].notes
    assert "enlarged from 128 to 512 pixels" in pictures[0].notes
    assert [receipt["model"] for receipt in pictures[0].receipts] == ["painter", "painter"]
    for picture in pictures:
        assert (tmp_path / "out" / picture.file).stat().st_size > 100


def test_a_model_that_cannot_enlarge_is_said_and_does_no_harm(run, scripted_client):
    scripted_client.registry.add(SKETCHER)
    best = run(settings=PICTURES).manifest.pictures[0]
    assert best.width == 128
    assert any(note.startswith("not enlarged: ") for note in best.notes)


def test_a_second_run_paints_nothing_unless_a_picture_is_gone(painted, tmp_path: Path):
    painted(settings=PICTURES)
    assert len(PAINTED) == 4
    painted(settings=PICTURES)
    assert len(PAINTED) == 4
    next((tmp_path / "out/.aigc/pictures").glob("*.png")).unlink()
    painted(settings=PICTURES)
    assert len(PAINTED) == 5


def test_without_an_image_model_the_copy_is_there_and_the_gap_says_what_to_do(run):
    result = run(settings=PICTURES)
    (gap,) = result.gaps
    assert gap.channel == "pictures"
    assert "no installed plugin serves image" in gap.what
    assert result.manifest.ads
    assert "Pictures: " in result.page.read_text()


def test_a_model_that_fails_is_a_gap(painted):
    result = painted(settings=PICTURES, picture={"prompt": "nothing"})
    assert [gap.what for gap in result.gaps] == ["cannot paint nothing (ask for something)"]


def test_the_brief_s_own_picture_takes_the_place_of_a_generated_one(painted, tmp_path: Path):
    (tmp_path / "mug.jpg").write_bytes(encoded(scenery(), "JPEG"))
    result = painted(settings=PICTURES, picture={"file": "mug.jpg"})
    assert PAINTED == []
    (picture,) = result.manifest.pictures
    assert (picture.made_by, picture.width, picture.height) == ("user", 900, 600)
    assert "The brief's own picture" in result.page.read_text()
    assert str(tmp_path) not in json.dumps(result.manifest.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"picture": {"file": "none.jpg"}}, "cannot read .*none.jpg, which the brief names: No such file"),
        ({"picture": {"file": "brief.yaml"}}, "picture.file brief.yaml is no picture"),
        ({"logo": "none.png"}, "cannot read .*none.png"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_is_made(painted, script, changes, said):
    with pytest.raises(InvalidRequest, match=said):
        painted(settings=PICTURES, **changes)
    assert script.asked == []
