"""Pictures that come out: PNG, JPEG or WebP, the same bytes for the same pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from aigc_sdk.contract.artifacts import ImageArtifact

if TYPE_CHECKING:
    from PIL.Image import Image

_JPEG_SUBSAMPLING = 0
"""No chroma subsampling: it smears the edges of flat artwork."""


def artifact(image: Image, form: str, quality: int) -> ImageArtifact:
    """The picture as an artifact.

    Args:
        image: mode RGB or RGBA; JPEG has no alpha channel, so there it is laid on white.
        form: ``png``, ``jpeg`` or ``webp``. quality: 1 to 100, of jpeg and webp; webp of 100 is lossless.
    """
    return ImageArtifact(
        data=encoded(image, form, quality), width=image.width, height=image.height, media_type=f"image/{form}"
    )


def encoded(image: Image, form: str, quality: int) -> bytes:
    """The bytes of the file, without metadata."""
    data = io.BytesIO()
    if form == "png":
        image.save(data, "PNG", compress_level=6)
    elif form == "jpeg":
        _opaque(image).save(data, "JPEG", quality=quality, subsampling=_JPEG_SUBSAMPLING, optimize=True)
    else:
        image.save(data, "WEBP", quality=quality, lossless=quality == 100, method=4)
    return data.getvalue()


def _opaque(image: Image) -> Image:
    if image.mode != "RGBA":
        return image
    from PIL import Image

    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return ground.convert("RGB")
