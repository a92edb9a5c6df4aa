"""Pictures that go in: any mode and orientation, as RGBA; what is no picture, or too large, is refused."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import Media

MOST_PIXELS = 64_000_000
"""Largest picture that is decoded: the largest that a request may ask for."""


def read(path: Path) -> Image.Image:
    """A picture file as RGBA. Raises InvalidRequest, also if there is no such file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"cannot read the picture {path}: {error.strerror}", plugin="video") from None
    return decoded(data, str(path))


def given(media: Media) -> Image.Image:
    """The picture that a request brings, as RGBA. Raises InvalidRequest if it cannot be read."""
    if media.path is not None:
        return read(media.path)
    return decoded(media.read())


def decoded(data: bytes, name: str = "the picture") -> Image.Image:
    """An encoded picture as RGBA, turned as its camera says; the first one of an animation.

    Raises:
        InvalidRequest: it is no picture, is damaged, or has more than 64 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is looked at here
            with Image.open(io.BytesIO(data)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    what = f"{name} has {picture.width} x {picture.height} pixels"
                    raise InvalidRequest(what, plugin="video", fix=f"at most {MOST_PIXELS:,} pixels; scale it down")
                upright = ImageOps.exif_transpose(picture)
                return upright.convert("RGBA")
    except Image.DecompressionBombError:
        what = f"{name} has far too many pixels"
        raise InvalidRequest(what, plugin="video", fix=f"at most {MOST_PIXELS:,}; scale it down") from None
    except UnidentifiedImageError:
        raise InvalidRequest(f"{name} is not a picture that can be read", plugin="video") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidRequest(f"{name} is damaged: {error}", plugin="video") from None


def flattened(picture: Image.Image, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture as RGB, on a background where it lets light through."""
    flat = Image.new("RGBA", picture.size, (*background, 255))
    flat.alpha_composite(picture)
    return flat.convert("RGB")


def contained(picture: Image.Image, size: tuple[int, int], background: tuple[int, int, int]) -> Image.Image:
    """The whole picture as RGB in the middle of a canvas of that size."""
    scale = min(size[0] / picture.width, size[1] / picture.height)
    fitted = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
    )
    canvas = Image.new("RGBA", size, (*background, 255))
    canvas.alpha_composite(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
    return canvas.convert("RGB")


def png(picture: Image.Image) -> bytes:
    """The picture encoded without loss."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
