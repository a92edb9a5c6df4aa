"""Creatives of a campaign, for every shape of every channel. The fonts come through the store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from aigc_sdk.campaign import creatives as module
from aigc_sdk.contract.channels import drawn_shapes

from .conftest import SMALL
from .drawing import PAINTER, ball, encoded, scenery

CREATIVES = SMALL.model_copy(update={"creatives": True})
CHANNELS = ["google-rsa", "google-display", "meta-feed", "meta-stories"]


@pytest.fixture
def with_picture(run, tmp_path: Path):
    """Runs the small campaign with a picture of its own."""

    def go(picture: bytes | None = None, **changes):
        (tmp_path / "own.png").write_bytes(picture or encoded(ball()))
        return run(settings=CREATIVES, **{"picture": {"file": "own.png"}, "channels": CHANNELS, **changes})

    return go


@pytest.mark.model
def test_every_channel_gets_its_shapes_to_the_pixel_and_within_its_weight(with_picture, tmp_path: Path):
    manifest = with_picture().manifest
    assert manifest.gaps == ()
    made = {(creative.channel, creative.shape): creative for creative in manifest.creatives}
    assert made.keys() == {(shape.channel, shape.shape) for channel in CHANNELS for shape in drawn_shapes(channel)}
    for channel in CHANNELS:
        for shape in drawn_shapes(channel):
            creative = made[channel, shape.shape]
            data = (tmp_path / "out" / creative.file).read_bytes()
            assert len(data) == creative.bytes <= shape.max_bytes
            with Image.open(tmp_path / "out" / creative.file) as picture:
                assert picture.size == (shape.width, shape.height)
                assert Image.MIME[picture.format] == creative.media_type
            assert bool(creative.headline) == shape.text
            assert not shape.text or min(creative.contrasts.values()) >= 4.5


@pytest.mark.model
def test_a_creative_says_what_its_ad_says(with_picture):
    manifest = with_picture(channels=["meta-feed"]).manifest
    headlines = {(ad.segment, ad.variant): ad.texts("headline")[0] for ad in manifest.ads}
    assert all(c.headline == headlines[c.segment, c.variant] for c in manifest.creatives)
    assert {c.call_to_action for c in manifest.creatives} == {"Order yours today"}
    assert all(c.headline in c.alt for c in manifest.creatives)


@pytest.mark.model
def test_the_page_shows_them_and_needs_nothing_else(with_picture, tmp_path: Path):
    result = with_picture(encoded(scenery(), "JPEG"))
    page = result.page.read_text()
    for creative in result.manifest.creatives:
        same = [c.file for c in result.manifest.creatives if c.key == creative.key]  # shown once
        assert any(f'src="{file}"' in page for file in same)
        assert (tmp_path / "out" / creative.file).is_file()
    assert 'src="http' not in page
    assert "contrast " in page


@pytest.mark.model
def test_a_second_run_draws_nothing_again(with_picture, monkeypatch):
    first = with_picture(channels=["meta-feed"]).manifest.creatives

    def drawn(*_args, **_more):
        raise AssertionError("was drawn already")

    monkeypatch.setattr(module, "draw", drawn)
    assert with_picture(channels=["meta-feed"]).manifest.creatives == first


@pytest.mark.model
def test_a_logo_and_brand_colours_are_used(with_picture, tmp_path: Path):
    logo = Image.new("RGBA", (200, 60), (0, 0, 0, 0))
    logo.paste((250, 250, 250, 255), (10, 10, 190, 50))
    (tmp_path / "logo.png").write_bytes(encoded(logo))
    manifest = with_picture(logo="logo.png", colours=["#0F766E"], channels=["meta-feed"]).manifest
    with Image.open(tmp_path / "out" / manifest.creatives[0].file) as picture:
        assert picture.convert("RGB").getpixel((3, 3)) == (15, 118, 110)


@pytest.mark.model
def test_a_text_too_long_for_a_shape_leaves_the_others(with_picture, script):
    call = "Order this wonderful handmade ceramic mug for your desk at home, " * 3 + "now."
    result = with_picture(call_to_action=call[:290].strip(), channels=["google-display"])
    gone = {gap.what.partition(":")[0] for gap in result.gaps}
    assert "google-display leaderboard" in gone
    assert {creative.shape for creative in result.manifest.creatives} >= {"landscape", "square"}


def test_without_the_typesetter_the_copy_is_there_and_the_gap_says_what_to_install(with_picture, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.setattr(module, "font_folders", lambda texts, pull: [tmp_path])
    result = with_picture()
    (gap,) = result.gaps
    assert gap.channel == "creatives"
    assert "pip install 'aigc-sdk[image]'" in gap.what
    assert result.manifest.ads


def test_without_a_picture_there_are_no_creatives_and_the_page_says_so(run):
    result = run(settings=CREATIVES)
    assert [gap.what for gap in result.gaps] == ["no creatives without a picture (name one in the brief: picture.file)"]
    assert "no creatives without a picture" in result.page.read_text()


def test_offline_without_fonts_the_copy_is_there(with_picture, scripted_client, monkeypatch):
    monkeypatch.setattr(scripted_client.store, "offline", True)
    result = with_picture()
    assert [gap.channel for gap in result.gaps] == ["creatives"]
    assert result.manifest.ads


@pytest.mark.model
def test_a_generated_picture_is_said_to_be_one(run, scripted_client):
    scripted_client.registry.add(PAINTER)
    result = run(settings=CREATIVES.model_copy(update={"pictures": 2}))
    assert all(creative.generated for creative in result.manifest.creatives)
    assert "Generated from" in result.page.read_text()
