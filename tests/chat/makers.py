"""Plugins without a model: a picture of one colour, a second of silence, and a text that a test chooses."""

from __future__ import annotations

import contextlib
import io
import wave

from PIL import Image

from aigc_sdk import (
    AsyncClient,
    AudioArtifact,
    BaseRunner,
    Client,
    Completed,
    ImageArtifact,
    InvalidRequest,
    Manifest,
    ModelCard,
    PromptTooLong,
    RunnerSpec,
    TextArtifact,
)
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import echo_registry


def manifest(modality: str, task: str) -> Manifest:
    return Manifest(
        name=f"small-{modality}",
        version="1.0",
        modality=modality,
        tasks=(task,),
        licence="MIT",
        models=(ModelCard(id=f"small-{modality}", tasks=(task,), licence="MIT", format="none"),),
        default_model=f"small-{modality}",
        runners=(RunnerSpec(name="only", loader=f"{__name__}:load_{modality}", formats=("none",)),),
    )


class Painter(BaseRunner):
    """A picture of one colour. Refuses to paint "nothing"."""

    def run(self, items, context):
        for item in items:
            if item.request.prompt == "nothing":
                raise InvalidRequest("there is nothing to paint", fix="name a thing")
            file = io.BytesIO()
            Image.new("RGB", (64, 32), item.request.prompt.split()[0]).save(file, "PNG")
            yield item.index, Completed(ImageArtifact(data=file.getvalue(), width=64, height=32))


class Silence(BaseRunner):
    """A second of it. Remembers in which languages it was asked."""

    languages: list[str | None] = []

    def run(self, items, context):
        for item in items:
            self.languages.append(item.request.language)
            file = io.BytesIO()
            with wave.open(file, "wb") as sound:
                sound.setparams((1, 2, 8000, 0, "NONE", ""))
                sound.writeframes(bytes(16_000))
            yield item.index, Completed(AudioArtifact(data=file.getvalue(), sample_rate=8000, duration_s=1.0))


class Teller(BaseRunner):
    """Answers with ``Teller.text``; remembers what it was asked, and takes no more than ``Teller.most`` messages."""

    text = "I am told."
    most = 1000
    asked: list = []

    def run(self, items, context):
        for item in items:
            self.asked.append(item.request)
            if len(item.request.messages) > self.most:
                raise PromptTooLong("too much was said")
            yield item.index, Completed(TextArtifact(text=self.text))


def load_image(card, plan, files):
    return Painter()


def load_audio(card, plan, files):
    return Silence()


def load_text(card, plan, files):
    return Teller()


@contextlib.asynccontextmanager
async def small_client():
    """A client that knows the echo plugin and the makers only."""
    registry = echo_registry()
    for modality, task in (("image", "text-to-image"), ("audio", "text-to-speech"), ("text", "chat")):
        registry.add(manifest(modality, task))
    settings = Settings(ledger=LedgerSettings(enabled=False), models={"text": "echo"})
    async with AsyncClient(Client(settings=settings, registry=registry)) as client:
        yield client
