"""One picture becomes another: pictures on the way by the image model, frames between them by RIFE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from aigc_sdk.contract.errors import AigcError, Cancelled

from . import pictures
from .cutout import cut_out, ground
from .keyframes import Painter

if TYPE_CHECKING:
    from .between import Between

SHARES = (0.3, 0.42, 0.5, 0.58, 0.7)
"""Where the mixtures of two prompts lie between them: closer in the middle, where most changes."""
STRENGTHS = (0.35, 0.55, 0.75, 0.9)
"""How far the pictures on the way are from the first: strengths of image-to-image."""
WORK = 384
"""Shorter side at which frames are drawn between pictures; they are then made larger. Painted pictures are small."""
_AIR = 0.76
"""Part of the canvas that a picture of an object takes."""
REST = 0.12
"""Part of the time in which each end stands still."""


def waypoints(
    painter: Painter, first: Image.Image, prompts: tuple[str, str], seed: int, size: tuple[int, int]
) -> Iterator[Image.Image]:
    """The first picture, pictures on the way, and the last one, all RGB of that size.

    Between two prompts, the pictures on the way are drawn from mixtures of the two and from the same noise. Where the
    first picture was given (``prompts[0]`` is empty), or the image model takes no mixtures, they are the first one
    drawn over by the second prompt, ever more strongly; a model that cannot do that either goes straight.

    Raises:
        Cancelled: the clip was cancelled. AigcError: the image model failed on the last picture.
    """
    yield _fitted(first, size)
    for stop in _between(painter, first, prompts, seed):
        yield _fitted(stop, size)
    yield _fitted(painter.paint(prompts[1], seed, min(size) // 2), size)


def _between(painter: Painter, first: Image.Image, prompts: tuple[str, str], seed: int) -> list[Image.Image]:
    ways: list[Callable[[], list[Image.Image]]] = [
        lambda: [painter.towards(first, prompts[1], strength, seed) for strength in STRENGTHS]
    ]
    if prompts[0]:
        ways.insert(0, lambda: [painter.between(*prompts, share, seed) for share in SHARES])
    for way in ways:
        try:
            return way()
        except Cancelled:
            raise
        except AigcError as error:
            refusal = error
    painter.notes.append(f"no pictures on the way: {refusal.what}")
    return []


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in the middle of the canvas, on its own border's colour; an object with some air around it."""
    background = ground(picture) or (255, 255, 255)
    if cut_out(picture) is None:
        return pictures.contained(picture, size, background)
    inner = round(size[0] * _AIR), round(size[1] * _AIR)
    canvas = Image.new("RGB", size, background)
    canvas.paste(pictures.contained(picture, inner, background), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


class Morph:
    """The way from picture to picture as the moving part of a clip.

    Args:
        stops: pictures on the way, of :func:`work_size`. size: of the frames.
        model: called when the first frame between two pictures is needed.
    """

    def __init__(self, stops: Sequence[Image.Image], size: tuple[int, int], model: Callable[[], Between]) -> None:
        self._stops = [np.asarray(stop) for stop in stops]
        self._pictures = [stop.resize(size, Image.Resampling.LANCZOS) for stop in stops]
        self._size = size
        self._model = model

    def frame(self, number: int, of: int) -> Image.Image:
        time = number / max(1, of - 1)
        x = min(1.0, max(0.0, (time - REST) / (1 - 2 * REST)))
        way = x * x * (3 - 2 * x) * (len(self._stops) - 1)
        before = min(int(way), len(self._stops) - 2)
        share = way - before
        if share < 1e-6 or share > 1 - 1e-6:
            return self._pictures[before + round(share)]
        made = next(iter(self._model().frames(self._stops[before], self._stops[before + 1], [share])))
        return Image.fromarray(made).resize(self._size, Image.Resampling.LANCZOS)


def work_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size at which frames between pictures are drawn."""
    scale = min(1.0, WORK / min(size))
    return round(size[0] * scale), round(size[1] * scale)
