from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_sdk.campaign.layout import contrast, themes
from aigc_sdk.campaign.layout.colours import from_oklch, oklch, readable_on

COLOUR = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ff0000", 1),
    ],
)
def test_contrast_is_as_wcag_has_it(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@given(COLOUR)
def test_some_ink_can_be_read_on_any_colour(colour):
    assert contrast(readable_on(colour), colour) >= 4.5


@given(st.lists(COLOUR, max_size=3), st.none() | COLOUR)
def test_texts_of_every_theme_can_be_read(brand, picture):
    for theme in themes(brand, picture):
        assert min(theme.contrasts.values()) >= 4.5
        assert contrast(theme.button, theme.background) > 1.2  # a button that can be seen


def test_the_brand_s_main_colour_is_the_background_as_it_is():
    strong, _ = themes(["#0f766e", "#facc15"], "#ff0000")
    assert strong.background == "#0f766e"
    assert strong.button == "#facc15"


def test_without_a_brand_the_picture_s_hue_is_taken():
    strong, light = themes([], "#d03020")
    for colour in (strong.background, light.background):
        assert abs(oklch(colour)[2] - oklch("#d03020")[2]) < 12


@given(COLOUR)
def test_oklch_and_back_is_the_same_colour(colour):
    back = from_oklch(*oklch(colour))
    assert all(abs(int(back[i : i + 2], 16) - int(colour[i : i + 2], 16)) <= 2 for i in (1, 3, 5))
