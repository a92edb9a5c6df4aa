"""The dated table of the pictures that each channel takes."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from ...contract.model import Closed


class Safe(Closed):
    """What a platform covers with its own controls, as shares of the height (top, bottom) and of the width (side)."""

    top: float = Field(default=0, ge=0, le=0.5)
    bottom: float = Field(default=0, ge=0, le=0.5)
    side: float = Field(default=0, ge=0, le=0.5)


class Shape(Closed):
    """One row of ``shapes.yaml``; its head explains the columns."""

    channel: str
    shape: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    min_width: int = Field(ge=1)
    max_bytes: int = Field(ge=1)
    text: bool
    safe: Safe = Safe()
    source: str
    checked: date
    note: str = ""

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / self.height


@cache
def table() -> tuple[Shape, ...]:
    """All rows, in the order of the file."""
    rows = yaml.safe_load(files(__package__).joinpath("shapes.yaml").read_text("utf-8"))
    return tuple(Shape(**row) for row in rows)


def shapes_of(channel: str) -> tuple[Shape, ...]:
    """The rows of one channel; none for a channel without pictures."""
    return tuple(shape for shape in table() if shape.channel == channel)


class ClipShape(Closed):
    """One row of ``clips.yaml``; its head explains the columns."""

    channel: str
    shape: str
    width: int = Field(ge=16)
    height: int = Field(ge=16)
    min_s: float = Field(gt=0)
    max_s: float = Field(gt=0)
    max_bytes: int = Field(ge=1)
    like: str
    source: str
    checked: date
    note: str = ""

    def card(self) -> Shape:
        """The shape of a card that is shown in the video."""
        (row,) = (shape for shape in shapes_of(self.channel) if shape.shape == self.like)
        return row.model_copy(update={"width": self.width, "height": self.height, "max_bytes": 1 << 30})


@cache
def clip_shapes(channel: str) -> tuple[ClipShape, ...]:
    """The rows of one channel; none for a channel without video."""
    rows = yaml.safe_load(files(__package__).joinpath("clips.yaml").read_text("utf-8"))
    return tuple(found for row in rows if (found := ClipShape(**row)).channel == channel)
