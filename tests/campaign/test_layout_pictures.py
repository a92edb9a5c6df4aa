"""Whatever people have as a picture: upright, whole, and refused with a reason where it cannot be used."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from aigc_sdk import InvalidRequest
from aigc_sdk.campaign.layout import open_picture, subject
from aigc_sdk.campaign.layout.judge import judge

from .drawing import ball, encoded, scenery


def shown(picture: Image.Image, form: str = "PNG", **options):
    return subject(encoded(picture, form, **options), "it")


def test_an_object_on_a_plain_background_is_cut_out():
    found = shown(ball())
    assert found.cut_out
    assert found.width == pytest.approx(256 * 0.7, abs=6)
    with Image.open(io.BytesIO(found.png)) as picture:
        assert picture.getpixel((0, 0))[3] == 0
        assert picture.getpixel((picture.width // 2, picture.height // 2)) == (208, 48, 32, 255)


def test_white_inside_an_object_stays():
    picture = ball()
    ImageDraw.Draw(picture).ellipse((110, 110, 146, 146), fill="white")
    found = shown(picture)
    with Image.open(io.BytesIO(found.png)) as cut:
        assert cut.getpixel((cut.width // 2, cut.height // 2)) == (255, 255, 255, 255)


def test_a_photo_is_shown_as_it_is():
    found = shown(scenery(), "JPEG")
    assert (found.cut_out, found.width, found.height) == (False, 900, 600)


def test_a_camera_s_rotation_is_followed():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    found = shown(scenery(900, 600), "JPEG", exif=exif.tobytes())
    assert (found.width, found.height) == (600, 900)


@pytest.mark.parametrize(
    ("mode", "form"), [("CMYK", "JPEG"), ("L", "PNG"), ("P", "GIF"), ("1", "PNG"), ("I;16", "PNG"), ("LA", "PNG")]
)
def test_any_mode_is_read(mode, form):
    picture = scenery(64, 48).convert("L").convert(mode) if mode == "I;16" else scenery(64, 48).convert(mode)
    assert open_picture(encoded(picture, form), "it").mode == "RGBA"


def test_transparency_is_a_cut_out_already():
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (40, 20, 60, 90))
    found = shown(picture)
    assert (found.cut_out, found.width, found.height) == (True, 20, 70)


def test_of_an_animation_the_first_picture_counts():
    frames = [ball("#d03020", 64), ball("#2060d0", 64)]
    found = shown(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert found.colour is not None
    assert int(found.colour[1:3], 16) > int(found.colour[5:7], 16)


def test_an_empty_picture_is_refused():
    with pytest.raises(InvalidRequest, match="shows nothing"):
        shown(Image.new("RGBA", (50, 50), (0, 0, 0, 0)))


@pytest.mark.parametrize("data", [b"", b"not a picture", encoded(scenery(), "JPEG")[:2000]])
def test_what_cannot_be_read_is_refused(data):
    with pytest.raises(InvalidRequest, match="no picture that can be read"):
        open_picture(data, "it")


def test_a_decompression_bomb_is_refused_unopened():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    with pytest.raises(InvalidRequest, match=r"30000 x 30000|no picture"):
        open_picture(bomb, "it")


def test_the_colour_that_was_asked_for_ranks_first():
    red, blue = shown(ball("#d03020")), shown(ball("#2060d0"))
    assert judge(red, "red ball, 3d").score > judge(blue, "red ball, 3d").score
    assert judge(blue, "蓝色的球").score > judge(red, "蓝色的球").score
    assert judge(red, "ball").score == judge(blue, "ball").score


def test_greys_have_no_colour():
    assert shown(ball("#707070")).colour is None
