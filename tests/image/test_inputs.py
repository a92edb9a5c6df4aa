"""Pictures that go in: what a decoder may be given, and what becomes of it."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from aigc_image.inputs import read_mask, read_picture
from PIL import Image

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import Media

from .conftest import media, picture

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def test_a_plain_picture_is_taken_as_it_is() -> None:
    found = read_picture(media(picture()))
    assert found.image.mode == "RGB"
    assert found.image.getpixel((32, 32)) == RED
    assert found.notes == ()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
        read_picture(Media(path=tmp_path / "no.png"))


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"no picture in a format|damaged"):
        read_picture(Media(data=data))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "TIFF"])
def test_a_file_cut_short_is_damaged(form: str) -> None:
    whole = media(picture(128, 128), form).read()
    with pytest.raises(InvalidRequest, match=r"the picture is (damaged|no picture)"):
        read_picture(Media(data=whole[: len(whole) * 2 // 3]))


def test_a_decompression_bomb_is_refused_before_its_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(InvalidRequest, match=r"more than 64,000,000 pixels \(8001x8000\)"):
        read_picture(Media(data=_png_of_zeros(8001, 8000)))
    with pytest.raises(InvalidRequest, match="more than 64,000,000 pixels"):
        read_picture(Media(data=_png_of_zeros(60_000, 60_000)))  # Pillow's own limit


@pytest.mark.parametrize(("form", "kind"), [("GIF", "frame"), ("WEBP", "frame"), ("PNG", "frame"), ("TIFF", "page")])
def test_of_several_pictures_the_first_is_used_and_said(form: str, kind: str) -> None:
    more = [Image.new("RGB", (64, 64), "green")] * 2
    found = read_picture(media(picture(), form, save_all=True, append_images=more))
    assert found.notes == (f"the picture has several {kind}s; the first one was used",)
    assert np.subtract(found.image.getpixel((32, 32)), RED).max() < 5


def test_cmyk_becomes_rgb() -> None:
    found = read_picture(media(picture(mode="CMYK"), "JPEG", quality=95))
    assert found.image.mode == "RGB"
    assert np.abs(np.subtract(found.image.getpixel((32, 32)), RED)).max() < 12
    assert found.notes == ("the picture was converted from CMYK to RGB",)


def test_exif_rotation_is_applied() -> None:
    image = Image.new("RGB", (40, 20), "blue")
    image.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    found = read_picture(media(image, "PNG", exif=exif))
    assert found.image.size == (20, 40)
    assert found.image.getpixel((19, 0)) == RED


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_on_white(mode: str) -> None:
    image = picture().convert("RGBA")
    image.putalpha(Image.new("L", (64, 64), 0))
    found = read_picture(media(image.convert(mode), "PNG"))
    assert found.image.mode == "RGB"
    assert found.image.getpixel((5, 5)) == WHITE
    assert found.notes == ("the transparent parts of the picture were laid on white",)


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    image = picture().convert("P")
    found = read_picture(media(image, "PNG", transparency=image.getpixel((0, 0))))
    assert found.image.getpixel((0, 0)) == WHITE
    assert found.image.getpixel((32, 32)) == RED


def test_alpha_can_be_kept_and_opaque_alpha_is_not_worth_a_word() -> None:
    image = picture().convert("RGBA")
    assert read_picture(media(image)).notes == ()
    assert read_picture(media(image), keep_alpha=True).image.mode == "RGBA"
    assert read_picture(media(picture()), keep_alpha=True).image.mode == "RGB"


def test_sixteen_bits_become_eight() -> None:
    values = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = read_picture(media(Image.fromarray(values), "PNG"))
    assert found.image.mode == "RGB"
    assert np.abs(np.asarray(found.image)[..., 0].astype(float) - values / 257).max() <= 0.5


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="floating-point"):
        read_picture(media(Image.new("F", (8, 8), 0.5), "TIFF"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_a_mask_may_have_any_mode(mode: str) -> None:
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 32, 64))
    found = read_mask(media(mask.convert("RGB").convert(mode)), (64, 64)).image
    assert found.mode == "L"
    assert (found.getpixel((1, 1)), found.getpixel((60, 1))) == (255, 0)


def test_a_masks_transparent_parts_are_kept() -> None:
    mask = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    mask.paste((255, 255, 255, 255), (0, 0, 32, 64))
    found = read_mask(media(mask), (64, 64)).image
    assert (found.getpixel((1, 1)), found.getpixel((60, 1))) == (255, 0)


def test_a_mask_of_another_size_or_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="the mask is 32x64 pixels, the picture 64x64"):
        read_mask(media(Image.new("L", (32, 64), 255)), (64, 64))
    with pytest.raises(InvalidRequest, match="black all over"):
        read_mask(media(Image.new("L", (64, 64), 0)), (64, 64))


def _png_of_zeros(width: int, height: int) -> bytes:
    """A small file that says it is large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    data.seek(0, io.SEEK_END)
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        data.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return data.getvalue()
