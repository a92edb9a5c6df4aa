"""The motion runner: moves a picture, without a video model. The picture is given, or painted by the image model."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from aigc_sdk.contract.errors import Cancelled, InvalidRequest
from aigc_sdk.contract.events import Event, Progress
from aigc_sdk.contract.requests import Request, VideoRequest
from aigc_sdk.contract.runner import BaseRunner, Item, ModelFiles, RunContext

from . import cutout, motions, order, pictures
from .cards import RIFE
from .keyframes import Painter
from .morph import Morph, waypoints, work_size
from .poses import MOVES, PATHS
from .scene import OBJECT, CameraScene, ObjectScene, Scene
from .timeline import Moving
from .writing import Steps, written

if TYPE_CHECKING:
    from .between import Between

SECONDS = 4.0
FPS = 24.0
FPS_GIF = 15.0
SIDE = 720
SIDE_GIF = 480
"""Sides of a clip from words, where none are asked for. A gif takes ten times the bytes of a film for the same."""
LONGEST = 1280
LONGEST_GIF = 640
"""Longer side of a clip from a picture, where none is asked for."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A request, read.

    Attributes:
        motion: its name. picture: what moves, if it is given. prompts: what a morph begins and ends with.
        said: the request names its motion, or its words ask for it.
    """

    order: order.Order
    motion: str
    picture: Image.Image | None
    prompts: tuple[str, str]
    said: bool


class Played:
    """A scene as the moving part of a clip."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def frame(self, number: int, of: int) -> Image.Image:
        return self._scene.frame(number / max(1, of - 1))


class MotionRunner(BaseRunner):
    """Moves pictures."""

    libraries = ("pillow", "numpy", "av")

    def __init__(self, files: ModelFiles) -> None:
        self.weights: dict[str, str] = {}
        self._files = files
        self._between: Between | None = None

    def preprocess(self, request: Request) -> Inputs:
        assert isinstance(request, VideoRequest)
        motion = motions.named(request.motion) if request.motion else motions.suiting(request.prompt)
        picture = None
        if request.image is not None:
            picture = pictures.given(request.image)
        prompts = _prompts(request) if motion == motions.MORPH else ("", "")
        fps = FPS_GIF if request.format == "gif" else FPS
        said = bool(request.motion) or motions.asked_for(request.prompt)
        return Inputs(order.read(request, usual_s=SECONDS, usual_fps=fps), motion, picture, prompts, said)

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
        side, longest = (SIDE_GIF, LONGEST_GIF) if request.format == "gif" else (SIDE, LONGEST)
        size = order.size(request, inputs.picture.size if inputs.picture else (side, side), longest=longest)
        if inputs.picture is None:
            yield Progress(0, None, "painting the picture")
        moving = self._moving(item, inputs, painter, size)
        timeline = inputs.order.timeline(moving, size)
        yield from written(
            timeline, inputs.order, size, lambda: context.cancelled(item.index), [*self._said(inputs), *painter.notes]
        )

    def close(self) -> None:
        if self._between is not None:
            self._between.close()
            self._between = None

    def _moving(self, item: Item, inputs: Inputs, painter: Painter, size: tuple[int, int]) -> Moving:
        picture = inputs.picture
        if inputs.motion == motions.MORPH:
            work = work_size(size)
            first = picture or painter.paint(inputs.prompts[0], item.seed, min(work) // 2)
            prompts = ("" if picture else inputs.prompts[0], inputs.prompts[1])
            return Morph(list(waypoints(painter, first, prompts, item.seed, work)), size, self._rife)
        if picture is None:
            least = round(OBJECT * min(size) * 1.1)
            picture = painter.paint(motions.without_motion(item.request.prompt), item.seed, least)
        seconds = inputs.order.parts.moving / float(inputs.order.fps)
        return Played(self._scene(item, inputs, picture, size, seconds))

    def _scene(self, item: Item, inputs: Inputs, picture: Image.Image, size: tuple[int, int], seconds: float) -> Scene:
        """An object on a background, if there is one to cut out and it is to move by itself; else a camera."""
        motion, background = inputs.motion, inputs.order.background
        given = inputs.picture is not None
        if not (given and background is None and motion in motions.AS_COMPOSED and _alike(picture.size, size)):
            cut = cutout.cut_out(picture)
            if cut is not None:
                ground = background or (cutout.ground(picture) if given else None)
                return ObjectScene(cut, size, PATHS[motion], seconds, ground, item.seed)
        flat = pictures.flattened(picture, background or order.WHITE)
        return CameraScene(flat, size, MOVES[motions.camera_move(motion)], seconds)

    def _rife(self) -> Between:
        """RIFE, fetched and loaded when it is first needed: most motions do without."""
        if self._between is None:
            from .between import Between
            from .convert_rife import weights

            files = self._files.beside(RIFE)
            self._between = Between(weights(files), "cpu")
            self.weights = dict(files.sha256)
        return self._between

    @staticmethod
    def _said(inputs: Inputs) -> list[str]:
        why = "" if inputs.said else " (nothing asks for another)"
        return [f"motion: {inputs.motion}{why}"]


def _prompts(request: VideoRequest) -> tuple[str, str]:
    """What the clip begins and ends with.

    Raises:
        InvalidRequest: nothing says what it is to become.
    """
    after = request.options.get("morph_to")
    if after:
        return request.prompt, str(after)
    found = motions.two_prompts(request.prompt)
    if found is None and not (request.image is not None and request.prompt.strip()):
        what = "nothing says what the picture is to become"
        raise InvalidRequest(what, plugin="video", fix="'a seed becomes a tree', or --option morph_to='a tree'")
    return found or ("", request.prompt)


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Shapes so alike that a picture of the one fills the other without losing a tenth."""
    return 0.9 < one[0] * other[1] / (one[1] * other[0]) < 1.11
