"""What is drawn, measured on the pixels that come out. The fonts come through the store."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from aigc_sdk import InvalidRequest
from aigc_sdk.campaign.layout import Words, contrast, draw, font_folders, plain, subject, themes
from aigc_sdk.campaign.layout.fonts import caption_font
from aigc_sdk.campaign.layout.geometry import Box, safe_box
from aigc_sdk.contract.channels.pictures import table
from aigc_sdk.settings import home
from aigc_sdk.store import Store

from .drawing import ball, encoded, scenery

pytestmark = pytest.mark.model

WITH_TEXT = [shape for shape in table() if shape.text]
HEADLINES = [
    Words("Mug", "Buy", "Hearthline", "en"),
    Words("Thick walls keep coffee hot", "Order yours today", "Hearthline", "en"),
    Words("A mug that is dishwasher-safe and comes in a gift box", "Order yours today", "Hearthline", "en"),
    Words("Jj Qq gy ÄÖÜ Åg Ññ Žů", "Ég", "Ågjy", "en"),
    Words("Donaudampfschifffahrtsgesellschaftskapitänsmütze", "Jetzt bestellen", "Äpfel & Söhne GmbH", "de"),
    Words("厚壁马克杯，让咖啡久久温热。", "立即订购", "暖炉家", "zh"),
    Words("350毫升的USB-C马克杯，24小时保温", "立即订购", "Hearthline", "zh"),
    Words("Coffee first 😀 then ☕", "Order → now", "Hearthline", "en"),
    Words("Тёплый кофе всё утро", "Заказать", "Очаг", "ru"),
]


@pytest.fixture(scope="module")
def pull():
    store = Store(home())
    return lambda card: store.files(card).folder()


@pytest.fixture(scope="module")
def fonts(pull):
    return font_folders([text for words in HEADLINES for text in words.texts], pull)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def leaks(picture: Image.Image, background: str, inside: Box) -> int:
    """Pixels outside ``inside`` that are not background."""
    unlike = ImageChops.difference(picture, Image.new("RGB", picture.size, background)).convert("L")
    unlike.paste(0, (int(inside.x), int(inside.y), round(inside.x + inside.width), round(inside.y + inside.height)))
    return sum(unlike.point(lambda value: 255 if value > 6 else 0).histogram()[1:])


@pytest.mark.parametrize("words", HEADLINES, ids=lambda words: words.headline[:12])
@pytest.mark.parametrize("shape", WITH_TEXT, ids=lambda shape: f"{shape.channel}-{shape.shape}")
def test_every_text_is_whole_and_in_its_place(shape, words, fonts):
    strong, light = themes([], "#d03020")
    for theme in (strong, light):
        drawn = draw(shape, words, subject(encoded(ball()), "it"), theme, fonts)
        picture = opened(drawn.data)
        assert picture.size == (shape.width, shape.height)
        assert len(drawn.data) <= shape.max_bytes
        # The picture of a banner may use its margins; nothing else of anything does.
        edge = safe_box(shape) if shape.ratio < 1.4 else Box(4, 4, shape.width - 8, shape.height - 8)
        assert leaks(picture, theme.background, edge) == 0
        boxes = [*drawn.texts.values(), drawn.picture]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert set(drawn.texts) >= {"headline", "call to action"}


@pytest.mark.parametrize("shape", WITH_TEXT, ids=lambda shape: f"{shape.channel}-{shape.shape}")
def test_contrast_is_there_on_the_pixels(shape, fonts):
    for theme in themes(["#f5c518"], None):
        drawn = draw(shape, HEADLINES[1], subject(encoded(ball()), "it"), theme, fonts)
        picture = opened(drawn.data)
        for name, box in drawn.texts.items():
            part = picture.crop((int(box.x), int(box.y), round(box.x + box.width), round(box.y + box.height)))
            counts = sorted(part.getcolors(1 << 20), reverse=True)
            (_, behind), (_, ink) = counts[:2]
            colours = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in (behind, ink)]
            assert contrast(*colours) >= 4.5, (name, colours)
        assert min(drawn.contrasts.values()) >= 4.5


def test_a_story_leaves_what_the_platform_covers_empty(fonts):
    (shape,) = [shape for shape in table() if shape.shape == "story"]
    theme = themes([], "#d03020")[0]
    drawn = draw(shape, HEADLINES[2], subject(encoded(ball()), "it"), theme, fonts)
    middle = Box(0, shape.safe.top * 1920, 1080, (1 - shape.safe.top - shape.safe.bottom) * 1920)
    assert leaks(opened(drawn.data), theme.background, middle) == 0


def test_a_text_that_does_not_fit_is_refused_by_name(fonts):
    (shape,) = [shape for shape in table() if shape.shape == "leaderboard"]
    words = Words("Many words, and more of them. " * 12, "Buy", "", "en")
    shown = subject(encoded(ball()), "it")
    with pytest.raises(InvalidRequest, match="google-display leaderboard: the headline does not fit"):
        draw(shape, words, shown, themes([], None)[0], fonts)


@pytest.mark.parametrize("size", [(900, 600), (600, 900), (500, 500)])
def test_a_photo_is_never_distorted(size, fonts):
    for shape in table():
        shown = subject(encoded(scenery(*size)), "it")
        theme = themes(["#ffffff"], None)[0]
        drawn = draw(shape, HEADLINES[1], shown, theme, fonts) if shape.text else plain(shape, shown, theme)
        red, _, blue = opened(drawn.data).split()
        disc = ImageChops.subtract(blue, red).point(lambda value: 255 if value > 180 else 0).getbbox()
        width, height = disc[2] - disc[0], disc[3] - disc[1]
        assert width == pytest.approx(height, rel=0.06, abs=2), (shape.channel, shape.shape)


def test_a_logo_takes_the_place_of_the_brand_s_name(fonts):
    (shape,) = [s for s in table() if (s.channel, s.shape) == ("meta-feed", "square")]
    dark = Image.new("RGBA", (300, 80), (10, 10, 20, 255))
    dark.putpixel((0, 0), (0, 0, 0, 0))
    theme = themes(["#101828"], None)[0]
    logo = subject(encoded(dark), "logo")
    drawn = draw(shape, HEADLINES[1], subject(encoded(ball()), "it"), theme, fonts, logo=logo)
    assert "brand" not in drawn.texts
    plate = opened(drawn.data).crop((300, 60, 780, 170)).getcolors(1 << 20)
    assert any(colour == (255, 255, 255) for _, colour in plate)  # dark on dark would not be seen


def test_only_the_fonts_that_a_text_needs_are_fetched(pull):
    fetched: list[str] = []

    def recorded(card) -> Path:
        fetched.append(card.id)
        return pull(card)

    font_folders(["Coffee, naïve"], recorded)
    assert fetched == ["fonts-inter"]
    fetched.clear()
    font_folders(["马克杯。"], recorded)
    assert fetched == ["fonts-inter", "fonts-noto-cjk"]
    fetched.clear()
    font_folders(["קפה"], recorded)
    assert fetched == ["fonts-inter", "fonts-noto-more"]


def test_a_character_that_no_font_has_is_named(pull):
    with pytest.raises(InvalidRequest, match=r"no font here has .* \(U\+13080\)"):
        font_folders(["\U00013080"], pull)


@pytest.mark.parametrize(("text", "language"), [("Order yours today.", "en"), ("立即订购，350毫升。", "zh")])
def test_captions_get_one_small_bold_font(text, language, pull):
    from PIL import ImageFont

    data = caption_font(text, language, pull)
    assert len(data) < 60_000
    font = ImageFont.truetype(io.BytesIO(data), 40)
    assert font.getmask(text).getbbox() is not None
    assert font.getlength(text) > 100
