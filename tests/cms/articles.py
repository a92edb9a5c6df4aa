"""Articles to publish, with small pictures, sounds and videos that are real ones."""

from __future__ import annotations

import io
import secrets
import tracemalloc
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from PIL import Image

from aigc_sdk import Attachment, AudioArtifact, Content, ImageArtifact, VideoArtifact

_RUN = secrets.token_hex(4)  # a server that is still there knows the articles of the run before
BODY = """<p><strong>Fünf Becher</strong> &amp; mehr: 五个杯子, <a href="https://shop.example/mugs?a=1&amp;b=2">here</a>.</p>
<figure><img src="artifact:hero" alt="Ein roter Becher"></figure>
<h2>Zahlen</h2>
<ul>
<li>350 ml</li>
<li>6 &lt; 7</li>
</ul>
<figure><video src="artifact:video" controls="" preload="metadata"></video><figcaption>Watch</figcaption></figure>
<p>Before <audio src="artifact:voice_over" controls=""></audio> after.</p>
<table><thead><tr><th scope="col">Größe</th></tr></thead><tbody><tr><td>12 cm</td></tr></tbody></table>
<p><em>Made with AI.</em></p>"""
ALT = "Ein roter Becher – 红杯"


def article(name: str, **changes: Any) -> Content:
    """Everything that an article can have. ``changes``: other values of Content's fields, ``title``, or ``colour``."""
    title = changes.pop("title", "Becher für Ümläute – 大杯子 🍵 & <b>")
    colour = changes.pop("colour", "red")
    fields: dict[str, Any] = {
        "texts": {"title": (title,), "excerpt": ("Fünf Becher – 五个。",), "body": (changes.pop("body", BODY),)},
        "attachments": (picture(colour), sound(), clip()),
        "language": "de",
        "tags": ("Becher", "杯子", "R&D"),
        "url": "https://shop.example/mugs",
        "notice": "Made with AI.",
    }
    return Content(id=f"{name}-{_RUN}", **(fields | changes))


def picture(colour: str = "red", *, role: str = "hero", alt: str = ALT) -> Attachment:
    file = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(file, "PNG")
    artifact = ImageArtifact(data=file.getvalue(), width=640, height=360)
    return Attachment(role=role, artifact=artifact, alt=alt, name="Becher für 茶 & mehr.png")


def broken_picture() -> Attachment:
    artifact = ImageArtifact(data=b"\x89PNG\r\n\x1a\nand nothing more", width=640, height=360)
    return Attachment(role="hero", artifact=artifact, alt="nothing", name="broken.png")


def long_film(folder: Path) -> Attachment:
    """64 MiB in a file."""
    path = folder / "film.mp4"
    with path.open("wb") as file:
        file.write(clip().artifact.content())
        file.truncate(64 << 20)
    artifact = VideoArtifact(path=path, width=64, height=36, fps=5, frames=5)
    return Attachment(role="video", artifact=artifact, alt="A mug turns", name="Film.mp4")


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails if the block allocates 16 MiB at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def sound() -> Attachment:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(8000))
    artifact = AudioArtifact(data=file.getvalue(), sample_rate=8000, duration_s=0.5)
    return Attachment(role="voice_over", artifact=artifact, alt="Fünf Becher.", name="Stimme – 声音.wav")


def clip() -> Attachment:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 36), "blue"))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    artifact = VideoArtifact(data=file.getvalue(), width=64, height=36, fps=5, frames=5)
    return Attachment(role="video", artifact=artifact, alt="A mug turns", name="Film.mp4")
