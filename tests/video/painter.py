"""A fake image model: a disc on white, in the colour that the prompt names. It keeps tests free of real weights."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence

from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.events import Completed, Event
from aigc_sdk.contract.manifest import Manifest, ModelCard, OptionSpec, RunnerSpec
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.requests import ImageRequest
from aigc_sdk.contract.runner import BaseRunner, Item, ModelFiles, RunContext

COLOURS = ("red", "green", "blue", "gold")


class Painter(BaseRunner):
    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        from PIL import Image, ImageDraw

        for item in items:
            request = item.request
            assert isinstance(request, ImageRequest)
            while "slow" in request.prompt and not context.cancelled(item.index):
                time.sleep(0.01)
            if request.task == "upscale":
                with Image.open(io.BytesIO(request.image.read())) as small:
                    image = small.resize((small.width * 2, small.height * 2))
            else:
                image = Image.new("RGB", (64, 64), "white")
                ImageDraw.Draw(image).ellipse((12, 12, 52, 52), fill=_colour(request))
            data = io.BytesIO()
            image.save(data, "PNG")
            artifact = ImageArtifact(width=image.width, height=image.height, data=data.getvalue())
            yield item.index, Completed(artifact, notes=("it is a disc",))


def _colour(request: ImageRequest) -> tuple[int, ...]:
    """Of the prompt; or between it and the one that the picture lies towards."""
    from PIL import ImageColor

    prompts = (request.prompt, str(request.options.get("towards") or request.prompt))
    ends = [ImageColor.getrgb(next((c for c in COLOURS if c in prompt), "red")) for prompt in prompts]
    share = float(str(request.options.get("towards_share") or 0))
    return tuple(round(a + (b - a) * share) for a, b in zip(*ends, strict=True))


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> Painter:
    return Painter()


PAINTER = Manifest(
    name="painter",
    version="1.0",
    modality="image",
    tasks=("text-to-image", "image-to-image", "upscale"),
    licence="MIT",
    models=(ModelCard(id="disc", tasks=("text-to-image", "image-to-image", "upscale"), licence="MIT", format="none"),),
    default_model="disc",
    runners=(RunnerSpec(name="painter", loader="tests.video.painter:load", formats=("none",)),),
)

MIXER = PAINTER.model_copy(
    update={
        "name": "mixer",
        "models": (ModelCard(id="mix", tasks=("text-to-image", "upscale"), licence="MIT", format="none"),),
        "default_model": "mix",
        "options": (
            OptionSpec(name="towards", type="str", help="Another prompt."),
            OptionSpec(name="towards_share", type="float", help="How far."),
        ),
    }
)
"""Draws between two prompts too."""
