"""Masks: OpenAI's are transparent where a picture is to be edited, ours are white there."""

from __future__ import annotations

import io
from importlib.util import find_spec

from ..contract.errors import InvalidRequest, MissingExtra, first_line
from ..contract.requests import MAX_PIXELS, Media

_FORMATS = ("PNG", "WEBP", "GIF", "TIFF", "AVIF")
"""Formats with an alpha channel."""


def white_is_new(mask: bytes) -> Media:
    """The mask as :class:`~aigc_sdk.contract.requests.ImageRequest` takes it, as PNG.

    Raises:
        InvalidRequest: it is no picture, is damaged, too large, or transparent nowhere. MissingExtra.
    """
    if find_spec("PIL") is None:
        raise MissingExtra("image", ["PIL"])
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(mask), formats=_FORMATS)
    except UnidentifiedImageError:
        what = f"the mask is no picture with transparency ({', '.join(_FORMATS)})"
        raise InvalidRequest(what, fix="give a PNG that is transparent where the picture is to be made anew") from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything for a broken header
        raise _damaged(error) from None
    if image.width * image.height > MAX_PIXELS:  # before a single pixel is decoded
        raise _too_large()
    try:
        image.load()
        alpha = ImageOps.exif_transpose(image).convert("RGBA").getchannel("A")
    except Exception as error:  # noqa: BLE001 - see above
        raise _damaged(error) from None
    if alpha.getextrema()[0] == 255:
        what = "the mask is transparent nowhere, so nothing would be made anew"
        raise InvalidRequest(what, fix="make that part transparent (alpha 0)")
    data = io.BytesIO()
    ImageOps.invert(alpha).save(data, "PNG", compress_level=1)
    return Media(data=data.getvalue())


def _too_large() -> InvalidRequest:
    return InvalidRequest(f"the mask has more than {MAX_PIXELS:,} pixels", fix="make it smaller first")


def _damaged(error: Exception) -> InvalidRequest:
    said = first_line(error) or type(error).__name__
    return InvalidRequest(f"the mask is damaged: {said}", fix="save it again as PNG")
