"""The motion runner: moves a picture, without a video model. The picture is given, or painted by the image model."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from aigc_sdk.contract.errors import Cancelled
from aigc_sdk.contract.events import Event, Progress
from aigc_sdk.contract.requests import Request, VideoRequest
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from . import cutout, motions, order, pictures
from .keyframes import Painter
from .poses import MOVES, PATHS
from .scene import OBJECT, CameraScene, ObjectScene, Scene
from .timeline import Moving
from .writing import Steps, written

SECONDS = 4.0
FPS = 24.0
SQUARE = (720, 720)
"""Size of a clip from words, where none is asked for."""
LONGEST = 1280
"""Longer side of a clip from a picture, where none is asked for."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A request, read. ``motion``: its name; ``picture``: what moves, if it is given."""

    order: order.Order
    motion: str
    picture: Image.Image | None


class Played:
    """A scene as the moving part of a clip."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def frame(self, number: int, of: int) -> Image.Image:
        return self._scene.frame(number / max(1, of - 1))


class MotionRunner(BaseRunner):
    """Moves pictures."""

    libraries = ("pillow", "numpy", "av")

    def preprocess(self, request: Request) -> Inputs:
        assert isinstance(request, VideoRequest)
        motion = motions.named(request.motion) if request.motion else motions.suiting(request.prompt)
        picture = None
        if request.image is not None:
            picture = pictures.given(request.image)
        return Inputs(order.read(request, usual_s=SECONDS, usual_fps=FPS), motion, picture)

    def batch_key(self, request: Request) -> Hashable:
        return "motion"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for item in items:
            try:
                for event in self._made(item, context):
                    yield item.index, event
            except Cancelled:
                continue

    def _made(self, item: Item, context: RunContext) -> Steps:
        request, inputs = item.request, item.inputs
        assert isinstance(request, VideoRequest)
        assert isinstance(inputs, Inputs)
        model = request.options.get("image_model")
        painter = Painter(context, item.index, str(model) if model else None)
        size = order.size(request, inputs.picture.size if inputs.picture else SQUARE, longest=LONGEST)
        if inputs.picture is None:
            yield Progress(0, None, "painting the picture")
        moving = self._moving(item, inputs, painter, size)
        timeline = inputs.order.timeline(moving, size)
        yield from written(
            timeline, inputs.order, size, lambda: context.cancelled(item.index), [*self._said(inputs), *painter.notes]
        )

    def _moving(self, item: Item, inputs: Inputs, painter: Painter, size: tuple[int, int]) -> Moving:
        picture = inputs.picture
        if picture is None:
            least = round(OBJECT * min(size) * 1.1)
            picture = painter.paint(motions.without_motion(item.request.prompt), item.seed, least)
        seconds = inputs.order.parts.moving / float(inputs.order.fps)
        return Played(self._scene(item, inputs, picture, size, seconds))

    def _scene(self, item: Item, inputs: Inputs, picture: Image.Image, size: tuple[int, int], seconds: float) -> Scene:
        """An object on a background, if there is one to cut out and it is to move by itself; else a camera."""
        motion, background = inputs.motion, inputs.order.background
        given = inputs.picture is not None
        if not (given and motion in MOVES and background is None):
            cut = cutout.cut_out(picture)
            if cut is not None:
                ground = background or (cutout.ground(picture) if given else None)
                return ObjectScene(cut, size, PATHS[motion], seconds, ground, item.seed)
        flat = pictures.flattened(picture, background or order.WHITE)
        return CameraScene(flat, size, MOVES[motions.camera_move(motion)], seconds)

    @staticmethod
    def _said(inputs: Inputs) -> list[str]:
        return [f"motion: {inputs.motion}"]
