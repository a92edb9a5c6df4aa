"""Clips for tests, encoded by PyAV."""

from __future__ import annotations

import io

import av
import numpy as np

from aigc_sdk import VideoArtifact
from aigc_sdk.contract.adapter import Attachment


def clip(width: int = 720, height: int = 720, seconds: float = 4.0, seed: int = 0) -> bytes:
    """A clip in which the brightness changes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * 5)):
            picture = np.full((height, width, 3), (number * 5 + seed) % 255, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def filmed(data: bytes, name: str = "clip.mp4") -> Attachment:
    """What the artifact says of itself is wrong on purpose."""
    artifact = VideoArtifact(data=data, width=16, height=16, fps=1, frames=1)
    return Attachment(role="video", artifact=artifact, name=name)
