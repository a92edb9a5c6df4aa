"""Pictures for tests, an image plugin that paints them, and a video plugin that says what it was asked."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw

from aigc_sdk import (
    BaseRunner,
    Completed,
    ImageArtifact,
    InvalidRequest,
    Manifest,
    ModelCard,
    OptionSpec,
    RunnerSpec,
    VideoArtifact,
)

COLOURS = {1: "#2060d0", 2: "#d03020", 3: "#20a040"}
PAINTED: list[object] = []
"""Every request that was really painted or filmed."""


def encoded(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def ball(colour: str = "#d03020", size: int = 256) -> Image.Image:
    """A ball on white, as the default model draws an object."""
    picture = Image.new("RGB", (size, size), "white")
    ImageDraw.Draw(picture).ellipse((size * 0.15, size * 0.15, size * 0.85, size * 0.85), fill=colour)
    return picture


def scenery(width: int = 900, height: int = 600) -> Image.Image:
    """What fills its frame to the corners, with a circle in the middle."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    side = min(width, height)
    box = ((width - side / 2) / 2, (height - side / 2) / 2, (width + side / 2) / 2, (height + side / 2) / 2)
    ImageDraw.Draw(picture).ellipse(box, fill="#00a0ff")
    return picture


class Painter(BaseRunner):
    def run(self, items, context):
        for item in items:
            PAINTED.append(item.request)
            if "nothing" in item.request.prompt:
                raise InvalidRequest("cannot paint nothing", fix="ask for something")
            if item.request.task == "upscale":
                before = Image.open(io.BytesIO(item.request.image.read()))
                after = before.resize((before.width * 4, before.height * 4))
            else:
                after = ball(COLOURS.get(item.request.seed, "#808080"), 128)
            data = encoded(after)
            yield item.index, Completed(ImageArtifact(data=data, width=after.width, height=after.height))


class Camera(BaseRunner):
    def run(self, items, context):
        for item in items:
            request = item.request
            PAINTED.append(request)
            for name in ("audio", "captions", "font", "end_card", "title"):
                assert name not in request.options or Path(request.options[name]).is_file()
            if request.width < 720:
                raise InvalidRequest("too small")
            frames = round(request.duration_s * request.fps)
            film = VideoArtifact(
                data=b"film", width=request.width, height=request.height, fps=request.fps, frames=frames
            )
            yield item.index, Completed(film)


def painter(card, plan, files) -> Painter:
    return Painter()


def camera(card, plan, files) -> Camera:
    return Camera()


def _manifest(name: str, modality: str, tasks: tuple[str, ...], loader: str, options: tuple[OptionSpec, ...] = ()):
    return Manifest(
        name=name,
        version="1.0",
        modality=modality,
        tasks=tasks,
        licence="MIT",
        models=(ModelCard(id=name, tasks=tasks, licence="MIT", format="none"),),
        default_model=name,
        runners=(RunnerSpec(name="only", loader=f"{__name__}:{loader}", formats=("none",)),),
        options=options,
    )


PAINTER = _manifest("painter", "image", ("text-to-image", "upscale"), "painter")
SKETCHER = _manifest("sketcher", "image", ("text-to-image",), "painter")
"""As the painter, but cannot enlarge."""
CAMERA = _manifest(
    "camera",
    "video",
    ("image-to-video",),
    "camera",
    tuple(
        OptionSpec(name=name, type=kind, help=name)
        for name, kind in (
            ("audio", "str"),
            ("captions", "str"),
            ("font", "str"),
            ("title", "str"),
            ("title_s", "float"),
            ("end_card", "str"),
            ("end_card_s", "float"),
            ("background", "str"),
        )
    ),
)
