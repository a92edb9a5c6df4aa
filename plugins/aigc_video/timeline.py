"""A clip from its parts: a title, what moves, an end card; captions on top. Frame by frame, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from aigc_sdk.contract.errors import InvalidRequest

from .encode import frame_count

if TYPE_CHECKING:
    from .captions import Captions
    from .encode import Pixels

FADE_S = 0.35
"""Seconds in which a card gives way to what moves, and back."""


class Moving(Protocol):
    """What moves."""

    def frame(self, number: int, of: int) -> Image.Image:
        """The picture (RGB) of that number, 0 to ``of`` - 1."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many frames the parts take. ``fade``: the two last of a title and the two first of an end card overlap."""

    total: int
    title: int
    end: int
    fade: int

    @property
    def moving(self) -> int:
        """Frames of what moves, the fades with it."""
        return self.total - self.title - self.end + (self.fade if self.title else 0) + (self.fade if self.end else 0)

    @property
    def first(self) -> int:
        """Number of the frame in which it begins to move."""
        return self.title - self.fade if self.title else 0


def lengths(
    duration_s: float | None, usual_s: float, fps: Fraction, *, title_s: float, end_s: float, sound_s: float
) -> Lengths:
    """The frames of each part. The clip lasts at least as long as its sound.

    Args:
        duration_s: of the whole clip, as asked for; None is ``usual_s`` and the cards. title_s, end_s: 0 for no card.

    Raises:
        InvalidRequest: no frame, or none left between the cards.
    """
    wanted = usual_s + title_s + end_s if duration_s is None else duration_s
    total = max(frame_count(wanted, float(fps)), int(np.ceil(sound_s * float(fps) - 1e-6)))
    title, end = round(title_s * fps), round(end_s * fps)
    if title + end >= total:
        what = f"the cards take {title_s + end_s:g} s of a clip of {float(total / fps):g} s"
        raise InvalidRequest(what, plugin="video", fix="a longer duration, or less of title_s and end_card_s")
    least = min((n for n in (title, end) if n), default=0)
    return Lengths(total, title, end, min(round(FADE_S * fps), least // 2))


class Timeline:
    """All frames of a clip."""

    def __init__(
        self,
        moving: Moving,
        parts: Lengths,
        title: Image.Image | None = None,
        end_card: Image.Image | None = None,
        captions: Captions | None = None,
    ) -> None:
        self._moving = moving
        self._parts = parts
        self._title = title
        self._end_card = end_card
        self._captions = captions

    def __len__(self) -> int:
        return self._parts.total

    def frames(self) -> Iterator[Pixels]:
        """The frames in order, RGB of shape (height, width, 3)."""
        for number in range(len(self)):
            picture = self._picture(number)
            if self._captions is not None:
                picture = self._captions.on(picture, number)
            yield np.asarray(picture)

    def _picture(self, number: int) -> Image.Image:
        parts = self._parts
        if self._title is not None and number < parts.first:
            return self._title
        if self._end_card is not None and number >= parts.first + parts.moving:
            return self._end_card
        step = number - parts.first
        picture = self._moving.frame(step, parts.moving)
        if self._title is not None and step < parts.fade:
            return Image.blend(self._title, picture, _share(step, parts.fade))
        if self._end_card is not None and (left := parts.moving - 1 - step) < parts.fade:
            return Image.blend(self._end_card, picture, _share(left, parts.fade))
        return picture


def _share(step: int, of: int) -> float:
    x = (step + 1) / (of + 1)
    return x * x * (3 - 2 * x)
