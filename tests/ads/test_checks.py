"""Every asset against every limit, measured from its bytes. Nothing here speaks to a platform."""

from __future__ import annotations

import io
import random

import pytest
from aigc_ads import ad
from aigc_ads.manifests import GOOGLE, META
from PIL import Image

from aigc_sdk import ImageArtifact, InvalidRequest
from aigc_sdk.contract.adapter import Attachment
from aigc_sdk.contract.channels import shapes_of

from .clips import clip, filmed
from .contents import SIZES, TEXTS, attached, content, drawn

CHANNELS = (*GOOGLE.channels, *META.channels)


def fit(made, without=()):
    return ad.fit(made, channels=CHANNELS, without=without)


def failed(made, without=()) -> set[tuple[str, str, str]]:
    found = fit(made, without).checks
    return {(one.asset, one.rule, one.measured) for one in found if not one.passed and one.kind == "limit"}


@pytest.mark.parametrize("channel", sorted(TEXTS))
def test_a_good_ad_passes_every_limit_and_every_limit_has_its_source(channel):
    without = ("logo", "landscape-logo", "business_name") if channel == "google-pmax" else ()
    fitted = fit(content(channel), without)
    assert all(one.passed for one in fitted.checks), [one for one in fitted.checks if not one.passed]
    assert all(one.source.startswith("https://") for one in fitted.checks if one.asset != "url")
    assert fitted.adaptations == ()


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        ({"headline": ("a", "b")}, ("headline", "count", "2")),
        ({"headline": ("a", "b", "x" * 31)}, ("headline 3", "length", "31")),
        ({"headline": ("a", "b", "杯" * 16)}, ("headline 3", "length", "32")),
        ({"headline": ("a", "b", "A ")}, ("headline", "distinct", "1 given twice")),
        ({"headline": ("a", "b", " ")}, ("headline 3", "length", "empty")),
        ({"description": ("a", "x" * 91)}, ("description 2", "length", "91")),
        ({"path": ("mugs", "red", "new")}, ("path", "count", "3")),
        ({"path": ("x" * 16,)}, ("path", "length", "16")),
    ],
)
def test_texts_of_a_search_ad(texts, what):
    assert failed(content("google-rsa", texts=texts)) == {what}


def test_fifteen_wide_characters_fill_a_headline():
    assert failed(content("google-rsa", texts={"headline": ("a", "b", "杯" * 15)})) == set()


def test_performance_max_wants_short_texts_and_a_logo_of_its_own():
    headlines = ("x" * 16, "y" * 16, "z" * 16)
    assert failed(content("google-pmax", texts={"headline": headlines})) == {
        ("headline", "short ones", "0"),
        ("logo", "count", "0"),
    }


def test_advice_is_told_and_refuses_nothing():
    made = content("meta-feed", texts={"primary_text": ("x" * 126,)})
    assert failed(made) == set()
    (told,) = (one for one in fit(made).checks if not one.passed)
    assert (told.asset, told.measured, told.limit, told.kind) == ("primary text", "126", "125 characters", "advice")
    assert failed(content("meta-feed", texts={"primary_text": ("x" * 2201,)})) == {("primary text", "length", "2201")}


def test_an_ad_leads_somewhere():
    assert failed(content("google-rsa", url="")) == {("url", "given", "none")}


def test_texts_without_a_place_are_told():
    told = [one for one in fit(content("google-rsa", texts={"primary_text": ("x",)})).checks if not one.passed]
    assert [(one.asset, one.kind) for one in told] == [("primary text", "advice")]
    assert all(one.passed for one in fit(content("google-rsa", texts={"business_name": ("Hearthline",)})).checks)


# --- pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "what"),
    [
        ((1200, 650), ("landscape", "ratio", "1.846")),
        ((597, 313), ("landscape", "size", "597 x 313")),
        ((1200, 635), ("landscape", "ratio", "1.890")),  # within 1% of 1200 x 628, but not of 1.91
        ((1200, 620), ("landscape", "ratio", "1.935")),
    ],
)
def test_pictures_are_measured_and_not_believed(size, what):
    pictures = (attached("landscape", drawn(*size)), attached("square", drawn(300, 300)))
    made = content("google-display", attachments=pictures)
    assert failed(made) == {what}


def test_an_uploaded_display_ad_has_its_size_to_the_pixel():
    made = content("google-display", shapes=("landscape", "square"))
    wrong = attached("rectangle", drawn(301, 250))
    assert failed(content("google-display", attachments=(*made.attachments, wrong))) == {
        ("rectangle", "size", "301 x 250")
    }


@pytest.mark.parametrize(
    ("data", "measured"),
    [(b"no picture", "cannot be read"), (drawn(1200, 1200)[:3000], "cannot be read"), (b"", "cannot be read")],
)
def test_what_is_no_picture(data, measured):
    pictures = (attached("landscape", drawn(1200, 628)), attached("square", data))
    ((asset, rule, said),) = failed(content("google-rsa", attachments=pictures))
    assert (asset, rule) == ("square", "picture")
    assert measured in said


def test_an_animation_is_refused():
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (600, 600), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    pictures = (attached("landscape", drawn(1200, 628)), attached("square", buffer.getvalue()))
    assert failed(content("google-rsa", attachments=pictures)) == {("square", "format", "GIF, animated")}


def test_fifteen_pictures_at_most_of_both_shapes_together():
    wide = [attached("landscape", drawn(600, 314))] * 8
    square = [attached("square", drawn(300, 300))] * 8
    assert failed(content("google-display", attachments=(*wide, *square))) == {("images", "count", "16")}


def test_what_the_channel_does_not_take_is_left_out_and_told():
    made = content("google-rsa")
    more = (attached("story", drawn(*SIZES["story"])), filmed(b"anything"))
    fitted = fit(content("google-rsa", attachments=(*made.attachments, *more)))
    assert [one.role for one in fitted.content.attachments] == ["landscape", "square"]
    assert fitted.adaptations == (
        "story: left out, google-rsa has no place for it",
        "video: left out, Google Ads takes videos by their id at YouTube only",
    )


def test_an_article_is_no_ad():
    with pytest.raises(InvalidRequest, match="no channel"):
        fit(content("google-rsa").__class__(id="a", texts={"title": ("t",)}))


# --- fitting ------------------------------------------------------------------------------------------------------


def square_of(channel: str, data: bytes, name: str = "square.png"):
    pictures = (attached("landscape", drawn(1200, 628)), attached("square", data, name))
    return fit(content(channel, attachments=pictures))


def noise(side: int) -> bytes:
    """A picture that PNG cannot make smaller."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_png_that_is_too_heavy_becomes_a_jpeg_of_the_same_pixels():
    heavy = noise(1400)
    (limit,) = (shape.max_bytes for shape in shapes_of("google-rsa") if shape.shape == "square")
    assert len(heavy) > limit
    fitted = square_of("google-rsa", heavy)
    assert all(one.passed for one in fitted.checks)
    done = fitted.content.attachments[1]
    with Image.open(io.BytesIO(done.artifact.content())) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1400, 1400))
    assert (done.name, done.artifact.media_type) == ("square.jpg", "image/jpeg")
    assert "encoded as JPEG of quality 95, because it weighs" in fitted.adaptations[0]


def test_a_format_that_is_not_taken_becomes_one_that_is():
    fitted = square_of("google-rsa", drawn(1200, 1200, form="WEBP"), "square.webp")
    assert all(one.passed for one in fitted.checks)
    assert "because it is WEBP" in fitted.adaptations[0]


def test_transparency_stays():
    buffer = io.BytesIO()
    Image.new("RGBA", (600, 600), (10, 20, 30, 40)).save(buffer, "WEBP", lossless=True)
    fitted = square_of("google-rsa", buffer.getvalue())
    with Image.open(io.BytesIO(fitted.content.attachments[1].artifact.content())) as picture:
        assert picture.format == "PNG"
        assert picture.getpixel((5, 5))[3] == 40


def test_what_lies_on_its_side_is_turned_and_then_measured():
    picture = Image.new("RGB", (628, 1200), "red")
    exif = picture.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    pictures = (attached("landscape", buffer.getvalue()), attached("square", drawn(1200, 1200)))
    fitted = fit(content("google-rsa", attachments=pictures))
    assert all(one.passed for one in fitted.checks)
    assert "lies on its side" in fitted.adaptations[0]


def test_labels_and_colours_are_kept_when_it_is_encoded_anew():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">DigitalSourceType trainedAlgorithmicMedia</x:xmpmeta>'
    buffer = io.BytesIO()
    Image.new("RGB", (600, 600), "red").save(buffer, "WEBP", xmp=xmp, icc_profile=b"profile")
    done = square_of("google-rsa", buffer.getvalue()).content.attachments[1].artifact.content()
    assert b"trainedAlgorithmicMedia" in done
    assert b"profile" in done


def test_texts_are_never_cut():
    long = "x" * 31
    fitted = fit(content("google-rsa", texts={"headline": (long, "b", "c")}))
    assert fitted.content.texts["headline"][0] == long


# --- clips --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "seconds", "what"),
    [
        ((720, 720), 4, set()),
        ((720, 720), 2, {("video", "duration", "2.00")}),
        ((480, 480), 4, {("video", "width", "480")}),
        ((640, 480), 4, {("video", "ratio", "1.333")}),
    ],
)
def test_clips_are_measured(size, seconds, what):
    made = content("meta-feed", attachments=(attached("square", drawn(1080, 1080)), filmed(clip(*size, seconds))))
    assert failed(made) == what


def test_what_is_no_clip():
    made = content("meta-feed", attachments=(attached("square", drawn(1080, 1080)), filmed(b"no clip")))
    ((asset, rule, said),) = failed(made)
    assert (asset, rule) == ("video", "clip")
    assert "cannot be read" in said


def test_a_clip_without_a_picture_of_its_ratio_has_no_thumbnail(meta_publisher):
    adapter = meta_publisher().adapter("meta")
    made = content("meta-feed", attachments=(attached("portrait", drawn(1080, 1350)), filmed(clip())))
    broken = [one for one in adapter.prepare(made).checks if not one.passed]
    assert [(one.rule, one.measured) for one in broken] == [("thumbnail", "none")]


# --- names --------------------------------------------------------------------------------------------------------


def test_media_are_named_by_their_bytes():
    first, second = attached("square", drawn(300, 300)), attached("landscape", drawn(300, 300), "other.PNG")
    assert ad.media_name(first) == ad.media_name(second)
    assert ad.media_name(first) != ad.media_name(attached("square", drawn(300, 300, "#000000")))


def test_several_of_a_shape_have_keys_of_their_own():
    one = Attachment(role="square", artifact=ImageArtifact(data=b"", width=1, height=1), name="a.png")
    assert list(ad.keyed([one, one, one])) == ["square", "square-2", "square-3"]
