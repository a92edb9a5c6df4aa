"""A fake image model: a disc on white, in the colour that the prompt names. It keeps tests free of real weights."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence

from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.events import Completed, Event
from aigc_sdk.contract.manifest import Manifest, ModelCard, RunnerSpec
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
                colour = next((c for c in COLOURS if c in request.prompt), "red")
                image = Image.new("RGB", (64, 64), "white")
                ImageDraw.Draw(image).ellipse((12, 12, 52, 52), fill=colour)
            data = io.BytesIO()
            image.save(data, "PNG")
            artifact = ImageArtifact(width=image.width, height=image.height, data=data.getvalue())
            yield item.index, Completed(artifact, notes=("it is a disc",))


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
