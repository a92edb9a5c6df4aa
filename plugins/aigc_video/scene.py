"""Draws a moving picture, frame by frame: an object over a background, or a camera over a photo.

Everything is placed at fractions of a pixel and resampled with a filter as wide as the change of size asks for, so that
slow motion does not jitter; what is rotated is drawn at twice the size first.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import colours
from .poses import Move, Path

LANCZOS = Image.Resampling.LANCZOS
OBJECT = 0.56
OBJECT_TALL = 0.68
"""Size of an object, in parts of the canvas's shorter side; of a tall canvas more."""
_MARGIN = 24
_SUPER = 2
_DISCS = 9


class Scene(Protocol):
    """Something that moves."""

    def frame(self, t: float) -> Image.Image:
        """The picture (RGB) at a time from 0 to 1."""


class Sprite:
    """A picture with transparency that can be placed anywhere, at any size and angle."""

    def __init__(self, picture: Image.Image) -> None:
        self.width, self.height = picture.size
        padded = Image.new("RGBA", (picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN))
        padded.paste(picture, (_MARGIN, _MARGIN))
        self._levels = [padded]
        while min(self._levels[-1].size) > 64:
            self._levels.append(self._levels[-1].reduce(2))

    def draw(
        self, canvas: Image.Image, centre: tuple[float, float], size: tuple[float, float], angle: float = 0.0
    ) -> None:
        """Draws the picture, ``size`` pixels wide and high, around ``centre``; ``angle`` in degrees, clockwise."""
        if min(size) < 0.5:
            return
        layer = self._upright(canvas, centre, size) if angle % 360 == 0 else self._turned(canvas, centre, size, angle)
        if layer is not None:
            canvas.paste(layer[0], layer[1], layer[0])

    def _upright(
        self, canvas: Image.Image, centre: tuple[float, float], size: tuple[float, float]
    ) -> tuple[Image.Image, tuple[int, int]] | None:
        scale = size[0] / self.width, size[1] / self.height
        corner = centre[0] - size[0] / 2, centre[1] - size[1] / 2
        rect = _clipped(corner, (corner[0] + size[0], corner[1] + size[1]), canvas.size)
        if rect is None:
            return None
        source = self._levels[0]
        box = [_MARGIN + (edge - corner[i % 2]) / scale[i % 2] for i, edge in enumerate(rect)]
        limits = (source.width, source.height, source.width, source.height)
        left, top, right, bottom = (min(max(edge, 0.0), limit) for edge, limit in zip(box, limits, strict=True))
        return source.resize((rect[2] - rect[0], rect[3] - rect[1]), LANCZOS, box=(left, top, right, bottom)), rect[:2]

    def _turned(
        self, canvas: Image.Image, centre: tuple[float, float], size: tuple[float, float], angle: float
    ) -> tuple[Image.Image, tuple[int, int]] | None:
        sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
        half = (
            (abs(size[0] * cosine) + abs(size[1] * sine)) / 2,
            (abs(size[0] * sine) + abs(size[1] * cosine)) / 2,
        )
        rect = _clipped(
            (centre[0] - half[0], centre[1] - half[1]), (centre[0] + half[0], centre[1] + half[1]), canvas.size
        )
        if rect is None:
            return None
        level, source = self._level(_SUPER * min(size[0] / self.width, size[1] / self.height))
        per_x, per_y = self.width / size[0] / level, self.height / size[1] / level
        # From a pixel of the larger drawing to the source: shift to the centre, turn back, stretch.
        dx, dy = rect[0] - centre[0], rect[1] - centre[1]
        data = (
            cosine * per_x / _SUPER,
            sine * per_x / _SUPER,
            (cosine * dx + sine * dy) * per_x + source.width / 2,
            -sine * per_y / _SUPER,
            cosine * per_y / _SUPER,
            (-sine * dx + cosine * dy) * per_y + source.height / 2,
        )
        large = ((rect[2] - rect[0]) * _SUPER, (rect[3] - rect[1]) * _SUPER)
        drawn = source.transform(large, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
        return drawn.reduce(_SUPER), (rect[0], rect[1])

    def _level(self, scale: float) -> tuple[float, Image.Image]:
        """The picture at the power of two at which it has to be made smaller by less than one half."""
        index = min(len(self._levels) - 1, max(0, math.floor(-math.log2(max(scale, 1e-6)))))
        return float(2**index), self._levels[index]


def _clipped(
    low: tuple[float, float], high: tuple[float, float], size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Whole pixels around the rectangle, as far as they lie on the canvas; None if none do."""
    left, top = max(0, math.floor(low[0]) - 1), max(0, math.floor(low[1]) - 1)
    right, bottom = min(size[0], math.ceil(high[0]) + 1), min(size[1], math.ceil(high[1]) + 1)
    return (left, top, right, bottom) if left < right and top < bottom else None


class ObjectScene:
    """An object that moves over a background.

    Args:
        background: one colour; None is a gradient that suits the object, with soft discs that drift.
    """

    def __init__(
        self,
        picture: Image.Image,
        size: tuple[int, int],
        path: Path,
        seconds: float,
        background: colours.Colour | None,
        seed: int,
    ) -> None:
        self._size = size
        self._path = path
        self._seconds = seconds
        self._object = Sprite(picture)
        self._shadow = Sprite(_shadow())
        top, bottom = colours.suiting(picture) if background is None else (background, background)
        self._ground = colours.gradient(size, top, bottom)
        self._discs = _Discs(size, seed) if background is None else None

    def frame(self, t: float) -> Image.Image:
        pose = self._path(t, self._seconds)
        canvas = self._ground.copy()
        width, height = self._size
        if self._discs is not None:
            self._discs.draw(canvas, (0.5 - pose.x) * 0.2, (0.5 - pose.y) * 0.5)
        tall = height > 1.25 * width
        side = (OBJECT_TALL if tall else OBJECT) * min(self._size)
        unit = side / max(self._object.width, self._object.height) * pose.scale
        size = self._object.width * unit * pose.wide, self._object.height * unit * pose.tall
        # x and y are parts of the longer side's middle square, so that a motion looks alike in every shape.
        span = min(self._size) + 0.5 * (max(self._size) - min(self._size))
        span_x, span_y = (span if width > height else width), (span if height > width else height)
        middle = height * (0.46 if tall else 0.5)  # below it is where captions are
        x, y = width / 2 + (pose.x - 0.5) * max(span_x, width), middle + (pose.y - 0.5) * span_y
        y += self._object.height * unit * (1 - pose.tall) / 2  # what is squashed stays on its ground
        if pose.ground is not None:
            ground = middle + (pose.ground - 0.5) * span_y + self._object.height * unit / 2
            self._draw_shadow(canvas, x, ground, size, y)
        self._object.draw(canvas, (x, y), size, pose.angle)
        return canvas

    def _draw_shadow(self, canvas: Image.Image, x: float, ground: float, size: tuple[float, float], y: float) -> None:
        above = max(0.0, ground - (y + size[1] / 2)) / self._size[1]
        shrunk = max(0.25, 1 - 2.2 * above)
        wide = size[0] * 0.95 * shrunk
        self._shadow.draw(canvas, (x, ground), (wide, wide * 0.16))


class _Discs:
    """Soft light discs at different depths; they drift against the object, and so show that it moves."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        random = np.random.default_rng(seed)
        self._size = size
        self._disc = Sprite(_disc())
        depth = random.uniform(0.25, 1.0, _DISCS)
        self._places = np.stack([random.random(_DISCS), random.random(_DISCS), depth], axis=1)

    def draw(self, canvas: Image.Image, dx: float, dy: float) -> None:
        width, height = self._size
        for x, y, depth in self._places.tolist():
            side = (0.08 + 0.3 * depth) * min(self._size)
            # Around the canvas, with room for the disc itself on both sides.
            px = ((x + dx * depth) % 1.0) * (width + 2 * side) - side
            py = ((y + dy * depth) % 1.0) * (height + 2 * side) - side
            self._disc.draw(canvas, (px, py), (side, side))


def _disc() -> Image.Image:
    side = 192
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((24, 24, side - 25, side - 25), fill=70)
    picture = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    picture.putalpha(mask.filter(ImageFilter.GaussianBlur(9)))
    return picture


def _shadow() -> Image.Image:
    mask = Image.new("L", (320, 96))
    ImageDraw.Draw(mask).ellipse((40, 24, 280, 72), fill=95)
    picture = Image.new("RGBA", mask.size, (20, 24, 40, 0))
    picture.putalpha(mask.filter(ImageFilter.GaussianBlur(10)))
    return picture


class CameraScene:
    """A camera that moves over a picture, which fills the frame at every moment."""

    def __init__(self, picture: Image.Image, size: tuple[int, int], move: Move, seconds: float) -> None:
        self._size = size
        self._move = move
        self._seconds = seconds
        views = [move(i / 60, seconds) for i in range(61)]
        closest = max(view.zoom for view in views)
        cover = max(size[0] / picture.width, size[1] / picture.height)
        # No larger than the closest view needs: what is made smaller in every frame costs time in every frame.
        scale = min(1.0, cover * closest)
        if scale < 1:
            wanted = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            picture = picture.resize(wanted, LANCZOS)
        self._picture = picture

    def frame(self, t: float) -> Image.Image:
        view = self._move(t, self._seconds)
        width, height = self._size
        picture = self._picture
        zoom = max(view.zoom, _covering(self._size, view.angle))
        scale = max(width / picture.width, height / picture.height) * zoom
        seen = width / scale, height / scale
        x = picture.width / 2 + view.x * min(picture.width - seen[0], view.room * seen[0]) / 2
        y = picture.height / 2 + view.y * min(picture.height - seen[1], view.room * seen[1]) / 2
        if view.angle == 0:
            box = (x - seen[0] / 2, y - seen[1] / 2, x + seen[0] / 2, y + seen[1] / 2)
            inside = (max(0.0, box[0]), max(0.0, box[1]), min(picture.width, box[2]), min(picture.height, box[3]))
            return picture.resize(self._size, LANCZOS, box=inside)
        return self._tilted(x, y, 1 / scale, view.angle)

    def _tilted(self, x: float, y: float, step: float, angle: float) -> Image.Image:
        width, height = self._size
        sine, cosine = math.sin(math.radians(angle)) * step, math.cos(math.radians(angle)) * step
        data = (
            cosine / _SUPER,
            sine / _SUPER,
            x - cosine * width / 2 - sine * height / 2,
            -sine / _SUPER,
            cosine / _SUPER,
            y + sine * width / 2 - cosine * height / 2,
        )
        large = (width * _SUPER, height * _SUPER)
        return self._picture.transform(large, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC).reduce(_SUPER)


def _covering(size: tuple[int, int], angle: float) -> float:
    """How much closer a camera must be so that a frame tilted by so many degrees shows nothing beyond the picture."""
    if angle == 0:
        return 1.0
    longer = max(size[0] / size[1], size[1] / size[0])
    radians = math.radians(abs(angle))
    return math.cos(radians) + longer * math.sin(radians) + 0.01
