"""Pictures that go in: decoded, turned upright, made plain RGB; or refused with what is wrong with them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_sdk.contract.errors import InvalidRequest, first_line
from aigc_sdk.contract.requests import MAX_PIXELS, Media

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""Pillow's decoders that are used. Not among them: those that start other programs (EPS)."""
_SAVE_AGAIN = "open it in a picture editor and save it again, as PNG or JPEG"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a model takes it.

    Attributes:
        image: mode RGB; RGBA if the alpha channel was asked for and there is one.
        notes: what was done to it that a user should know, a sentence each.
    """

    image: Image
    notes: tuple[str, ...] = ()


def read_picture(media: Media, what: str = "picture", *, keep_alpha: bool = False) -> Picture:
    """Reads a picture. The EXIF rotation is applied, CMYK becomes RGB, 16 bits become 8, alpha is laid on white.

    Of an animated picture, or one of several pages, the first is taken and the notes say so.

    Args:
        what: names it in messages. keep_alpha: leave an alpha channel as it is.

    Raises:
        InvalidRequest: it cannot be read, is no picture, is damaged, or has more than 64 million pixels.
    """
    image, notes = _decoded(media, what)
    image = _eight_bits(image, what)
    if image.mode == "CMYK":
        image = _from_cmyk(image)
        notes.append(f"the {what} was converted from CMYK to RGB")
    if not _has_alpha(image):
        return Picture(image.convert("RGB"), tuple(notes))
    image = image.convert("RGBA")
    if keep_alpha:
        return Picture(image, tuple(notes))
    if image.getextrema()[3][0] < 255:
        notes.append(f"the transparent parts of the {what} were laid on white")
    return Picture(_on(image, "white"), tuple(notes))


def read_mask(media: Media, size: tuple[int, int]) -> Picture:
    """Reads a mask, as mode L: white is made anew, black is kept, grey in between. Transparent counts as black.

    Args:
        size: of the picture that it belongs to, turned upright.

    Raises:
        InvalidRequest: as :func:`read_picture`; its size is another one; or it is black all over.
    """
    image, notes = _decoded(media, "mask")
    image = _eight_bits(image, "mask")
    if image.size != size:
        raise InvalidRequest(
            f"the mask is {_shown(image.size)} pixels, the picture {_shown(size)}",
            plugin="image",
            fix="give a mask of the picture's size",
        )
    if _has_alpha(image):
        image = _on(image.convert("RGBA"), "black")
    image = image.convert("L")
    if image.getextrema()[1] == 0:
        raise InvalidRequest(
            "the mask is black all over, so nothing would be made anew", plugin="image", fix="paint that part white"
        )
    return Picture(image, tuple(notes))


def _decoded(media: Media, what: str) -> tuple[Image, list[str]]:
    """The first picture of the file, upright, with all its pixels read."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        data = media.read()
    except OSError as error:
        raise InvalidRequest(f"the {what} cannot be read: {error.strerror or error}", plugin="image") from None
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise InvalidRequest(
            f"the {what} is no picture in a format that is read here", plugin="image", fix=f"one of {known}"
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(what) from None
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything for a broken header
        raise _damaged(what, error) from None
    if image.width * image.height > MAX_PIXELS:  # before a single pixel is decoded
        raise _too_large(what, image.size)
    notes = []
    if getattr(image, "is_animated", False) and image.format != "MPO":  # a JPEG with a thumbnail beside it
        kind = "page" if image.format == "TIFF" else "frame"
        notes.append(f"the {what} has several {kind}s; the first one was used")
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
    except Exception as error:  # noqa: BLE001 - see above
        raise _damaged(what, error) from None
    return upright, notes


def _eight_bits(image: Image, what: str) -> Image:
    """16 bits a channel as 8. Raises InvalidRequest for floating-point pixels, whose range nobody knows."""
    if image.mode == "F":
        raise InvalidRequest(
            f"the {what} has floating-point pixels", plugin="image", fix="save it with 8 or 16 bits a channel"
        )
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    import numpy as np
    from PIL import Image

    values = np.asarray(image).astype(np.int64).clip(0, 65_535)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _from_cmyk(image: Image) -> Image:
    """By the colour profile inside, if it can be used."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            from PIL import ImageCms

            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImportError, OSError, ImageCms.PyCMSError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _has_alpha(image: Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _on(image: Image, colour: str) -> Image:
    from PIL import Image

    ground = Image.new("RGBA", image.size, colour)
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _too_large(what: str, size: tuple[int, int] | None = None) -> InvalidRequest:
    shown = f" ({_shown(size)})" if size else ""
    return InvalidRequest(
        f"the {what} has more than {MAX_PIXELS:,} pixels{shown}", plugin="image", fix="make it smaller first"
    )


def _damaged(what: str, error: Exception) -> InvalidRequest:
    said = first_line(error) or type(error).__name__
    return InvalidRequest(f"the {what} is damaged: {said}", plugin="image", fix=_SAVE_AGAIN)


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
