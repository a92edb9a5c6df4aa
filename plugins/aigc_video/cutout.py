"""Cuts an object out of a plain background, so that it can move by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PLAIN = 22.0
"""Largest distance in RGB (of 441) from the border's own colour at which a pixel still is background."""
_MOSTLY = 0.94
"""Part of the border that must be background, and of the picture that an object must not fill."""
_CLEAR = 90.0
"""Distance from the background at which a pixel on the object's edge is wholly the object's."""
_LEAST = 0.01
_WORK = 1024


def cut_out(picture: Image.Image) -> Image.Image | None:
    """The object as RGBA, cropped to what is visible; None if the picture is a photo, full to its edges.

    The picture's own transparency is used if it has any. Otherwise the background is what can be reached from the
    border without leaving its colour; a white part inside the object stays.
    """
    picture = _fitting(picture)
    alpha = np.asarray(picture.getchannel("A"))
    if alpha.min() < 250:
        return _cropped(picture) if (alpha < 128).mean() > _LEAST else None
    rgb = np.asarray(picture.convert("RGB")).astype(np.float32)
    ground = _border_colour(rgb)
    distance = np.sqrt(((rgb - ground) ** 2).sum(-1))
    border = np.concatenate([distance[0], distance[-1], distance[:, 0], distance[:, -1]])
    if (border < _PLAIN).mean() < _MOSTLY:
        return None
    outside = _reachable(distance < _PLAIN)
    if not _LEAST < 1 - outside.mean() < _MOSTLY:
        return None
    return _cropped(_separated(rgb, ground, distance, outside))


def _fitting(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= _WORK:
        return picture
    smaller = picture.copy()
    smaller.thumbnail((_WORK, _WORK), Image.Resampling.LANCZOS)
    return smaller


def _border_colour(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    colour: NDArray[np.float32] = np.median(border, axis=0).astype(np.float32)
    return colour


def _reachable(plain: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Background that is connected with the border: a flood fill from a frame around the picture."""
    height, width = plain.shape
    framed = Image.new("L", (width + 2, height + 2), 255)
    framed.paste(Image.fromarray(plain.astype(np.uint8) * 255), (1, 1))
    ImageDraw.floodfill(framed, (0, 0), 128)
    found: NDArray[np.bool_] = np.asarray(framed)[1:-1, 1:-1] == 128
    return found


def _separated(
    rgb: NDArray[np.float32], ground: NDArray[np.float32], distance: NDArray[np.float32], outside: NDArray[np.bool_]
) -> Image.Image:
    """The object with soft edges, freed from the background's colour that is mixed into them."""
    # One pixel around the background is the edge, where both are mixed: its share is told by its distance.
    grown = np.asarray(Image.fromarray(outside.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(3))) > 0
    mixed = grown & ~outside
    alpha = np.where(outside, 0.0, np.where(mixed, np.clip(distance / _CLEAR, 0.15, 1.0), 1.0)).astype(np.float32)
    safe = np.maximum(alpha, 0.15)[..., None]
    freed = np.clip((rgb - (1 - safe) * ground) / safe, 0, 255)
    rgba = np.dstack([np.where(mixed[..., None], freed, rgb), alpha * 255])
    return Image.fromarray(np.rint(rgba).astype(np.uint8), "RGBA")


def _cropped(picture: Image.Image) -> Image.Image:
    box = picture.getchannel("A").point(lambda value: 255 if value > 8 else 0).getbbox()
    return picture.crop(box) if box else picture


def ground(picture: Image.Image) -> tuple[int, int, int] | None:
    """The colour of the picture's border; None where it lets light through."""
    if np.asarray(picture.getchannel("A")).min() < 250:
        return None
    red, green, blue = (int(c) for c in _border_colour(np.asarray(picture.convert("RGB")).astype(np.float32)))
    return red, green, blue
