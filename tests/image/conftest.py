"""A client with the image plugin and tiny models, and help to make and read pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.requests import Media
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings

from . import tiny

pytest.importorskip("diffusers")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Stable Diffusion of the default model's classes."""
    return tiny.stable_diffusion(tmp_path_factory.mktemp("models") / "sd")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client whose upscalers are tiny, and that keeps its models for the whole session."""
    from aigc_image import enlarging

    registry = Registry()
    manifest = tiny.manifest(tmp_path_factory.mktemp("networks"))
    registry.add(manifest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enlarging, "UPSCALERS", manifest.models)
        patch.setenv("AIGC_HOME", str(tmp_path_factory.mktemp("home")))
        client = Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)
        with client:
            yield client


def make(client: Client, folder: Path, prompt: str = "red apple, 3d", **fields: Any) -> ImageArtifact:
    """A picture by the model in a folder, in two steps from seed 1 if nothing else is said."""
    return client.generate("image", prompt, **{"model": str(folder), "seed": 1, "steps": 2, **fields})


def opened(artifact: ImageArtifact) -> Any:
    """The artifact decoded."""
    from PIL import Image

    image = Image.open(io.BytesIO(artifact.content()))
    image.load()
    return image


def media(image: Any, form: str = "PNG", **options: Any) -> Media:
    """A Pillow image as a file in memory."""
    data = io.BytesIO()
    image.save(data, form, **options)
    return Media(data=data.getvalue())


def picture(width: int = 64, height: int = 64, mode: str = "RGB") -> Any:
    """A red disc on blue."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), "blue")
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, 3 * width // 4, 3 * height // 4), fill="red")
    return image.convert(mode)
