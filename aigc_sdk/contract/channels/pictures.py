"""The dated tables of the pictures and clips that each channel takes."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

from pydantic import Field

from ..model import Closed
from .texts import Count, Kind


class Safe(Closed):
    """What a platform covers with its own controls, as shares of the height (top, bottom) and of the width (side)."""

    top: float = Field(default=0, ge=0, le=0.5)
    bottom: float = Field(default=0, ge=0, le=0.5)
    side: float = Field(default=0, ge=0, le=0.5)


class Shape(Closed):
    """One row of ``pictures.yaml``; its head explains the columns."""

    channel: str
    shape: str
    kind: Kind = "limit"
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    min_width: int = Field(ge=1)
    exact: bool = False
    aspect: float | None = None
    ratio_tolerance: float = Field(default=0.01, ge=0, lt=0.5)
    max_bytes: int = Field(ge=1)
    formats: tuple[str, ...] = ("JPEG", "PNG")
    count: Count = Count(min=0, max=20)
    group: str = ""
    group_count: Count | None = None
    text: bool
    given: bool = False
    safe: Safe = Safe()
    source: str
    checked: date
    note: str = ""

    @property
    def ratio(self) -> float:
        """Width by height of what is made."""
        return self.width / self.height

    @property
    def asked_ratio(self) -> float:
        """Width by height as the platform asks for it: 1.91, of which 1200 x 628 is the nearest in pixels."""
        return self.aspect or self.ratio

    @property
    def min_height(self) -> int:
        """The least height that goes with ``min_width``."""
        return self.height if self.exact else int(self.min_width / self.asked_ratio)


@cache
def table() -> tuple[Shape, ...]:
    """All rows, in the order of the file."""
    import yaml

    rows = yaml.safe_load(files(__package__).joinpath("pictures.yaml").read_text("utf-8"))
    return tuple(Shape(**row) for row in rows)


def shapes_of(channel: str) -> tuple[Shape, ...]:
    """The rows of one channel; none for a channel without pictures."""
    return tuple(shape for shape in table() if shape.channel == channel)


def drawn_shapes(channel: str) -> tuple[Shape, ...]:
    """Those that a campaign draws; a logo is not drawn but given."""
    return tuple(shape for shape in shapes_of(channel) if not shape.given)


class ClipShape(Closed):
    """One row of ``clips.yaml``; its head explains the columns."""

    channel: str
    shape: str
    kind: Kind = "limit"
    width: int = Field(ge=16)
    height: int = Field(ge=16)
    min_width: int = Field(ge=1)
    ratio_tolerance: float = Field(default=0.01, ge=0, lt=0.5)
    min_s: float = Field(gt=0)
    max_s: float = Field(gt=0)
    max_bytes: int = Field(ge=1)
    like: str
    source: str
    checked: date
    note: str = ""

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / self.height

    def card(self) -> Shape:
        """The shape of a card that is shown in the video."""
        (row,) = (shape for shape in shapes_of(self.channel) if shape.shape == self.like)
        return row.model_copy(update={"width": self.width, "height": self.height, "max_bytes": 1 << 30})


@cache
def clip_shapes(channel: str) -> tuple[ClipShape, ...]:
    """The rows of one channel; none for a channel without video."""
    import yaml

    rows = yaml.safe_load(files(__package__).joinpath("clips.yaml").read_text("utf-8"))
    return tuple(found for row in rows if (found := ClipShape(**row)).channel == channel)
