"""A client with the video plugin and a painter that draws discs, and help to read the clips that it makes."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import VideoArtifact
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings

pytest.importorskip("av")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client that knows the video plugin, and a stand-in for the image model: the real one has its own tests."""
    from aigc_video.manifest import MANIFEST

    from .painter import PAINTER

    registry = Registry()
    registry.add(MANIFEST)
    registry.add(PAINTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_HOME", str(tmp_path_factory.mktemp("home")))  # the user's store hears nothing of tiny models
        with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client:
            yield client


def clip(artifact: VideoArtifact) -> tuple[list[Any], list[float], dict[str, Any]]:
    """The frames (RGB arrays), their times in seconds, and what the container says."""
    import av

    with av.open(io.BytesIO(artifact.content())) as container:
        kinds = {stream.type: stream.codec_context.name for stream in container.streams}
        frames, times = [], []
        for frame in container.decode(video=0):
            frames.append(frame.to_ndarray(format="rgb24"))
            times.append(float(frame.time))
        return frames, times, {"seconds": container.duration / 1e6, "codecs": kinds}


def picture(folder: Path, *, size: tuple[int, int] = (96, 96), name: str = "ball.png", mode: str = "RGB") -> Path:
    """A red disc on white."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, "white")
    radius = min(size) // 4
    x, y = size[0] // 2, size[1] // 2
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(220, 30, 30))
    image.convert(mode).save(folder / name)
    return folder / name


def photo(folder: Path, size: tuple[int, int] = (160, 120)) -> Path:
    """A picture without any plain background."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(folder / "photo.png")
    return folder / "photo.png"


def sound(folder: Path, seconds: float, rate: int = 16_000) -> Path:
    """A tone."""
    import numpy as np

    tone = (np.sin(np.arange(round(seconds * rate)) * 0.1) * 9000).astype("<i2")
    with wave.open(str(folder / "voice.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
    return folder / "voice.wav"


def srt(folder: Path, cues: Sequence[tuple[float, float, str]]) -> Path:
    """A SubRip file."""
    from aigc_sdk import captions

    path = folder / "voice.srt"
    path.write_text(captions.srt({"start": a, "end": b, "text": text} for a, b, text in cues), "utf-8")
    return path
