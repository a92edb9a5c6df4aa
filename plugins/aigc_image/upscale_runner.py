"""The runner of the upscaling networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.events import Completed, Event
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.requests import MAX_PIXELS, ImageRequest, Request
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from . import encode
from .calling import Stopped
from .inputs import read_picture
from .sizes import Size
from .steps import Steps
from .upscaler import LARGEST_INPUT, Upscaler

if TYPE_CHECKING:
    from PIL.Image import Image

_SCALE = 4.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """A picture and the size that it is to have."""

    image: Image
    size: Size
    notes: tuple[str, ...]


class UpscaleRunner(BaseRunner):
    """Makes one picture after the other larger, in tiles."""

    libraries = ("torch", "pillow", "numpy")

    def __init__(self, card: ModelCard, upscaler: Upscaler, weights: dict[str, str]) -> None:
        self.weights = weights
        self._card = card
        self._upscaler = upscaler

    def preprocess(self, request: Request) -> Inputs:
        assert isinstance(request, ImageRequest)
        assert request.image is not None
        picture = read_picture(request.image, keep_alpha=True)
        size = _target(request, picture.image.size)
        _check(picture.image.size, size)
        return Inputs(picture.image, size, picture.notes)

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for item in items:
            if context.cancelled(item.index):
                continue
            request, inputs = item.request, item.inputs
            assert isinstance(request, ImageRequest)
            side = int(str(request.options["tile"]))
            try:
                image = self._upscaler.enlarge(inputs.image, inputs.size, Steps(item.index, context), side=side)
            except Stopped:
                continue
            old, new = (f"{w}x{h}" for w, h in (inputs.image.size, inputs.size))
            notes = (*inputs.notes, f"upscaled from {old} to {new} by {self._card.id}")
            quality = int(str(request.options["quality"]))
            yield item.index, Completed(encode.artifact(image, request.format, quality), notes=notes)

    def relieve(self) -> str | None:
        return self._upscaler.relieve()

    def close(self) -> None:
        self._upscaler.close()


def _target(request: ImageRequest, own: Size) -> Size:
    """The size asked for: by a scale, or a side; of one side only, the other follows."""
    if request.width or request.height:
        ratio = max((request.width or 0) / own[0], (request.height or 0) / own[1])
        return request.width or max(1, round(own[0] * ratio)), request.height or max(1, round(own[1] * ratio))
    scale = request.scale or _SCALE
    return max(1, round(own[0] * scale)), max(1, round(own[1] * scale))


def _check(own: Size, size: Size) -> None:
    """Raises InvalidRequest for what would be too large, or smaller than it is."""
    if own[0] * own[1] > LARGEST_INPUT:
        raise InvalidRequest(
            f"the picture is {own[0]}x{own[1]}; at most {LARGEST_INPUT:,} pixels are upscaled",
            plugin="image",
            fix="it is large enough for most uses; cut out the part that matters",
        )
    if size[0] * size[1] > MAX_PIXELS:
        most = (MAX_PIXELS / (own[0] * own[1])) ** 0.5
        raise InvalidRequest(
            f"{size[0]}x{size[1]} are more than {MAX_PIXELS:,} pixels",
            plugin="image",
            fix=f"a scale of at most {int(most * 100) / 100:g}",
        )
    if size[0] < own[0] or size[1] < own[1]:
        raise InvalidRequest(
            f"the picture is {own[0]}x{own[1]} already, larger than {size[0]}x{size[1]}",
            plugin="image",
            fix="a larger size, or a scale of 1 to 8",
        )
