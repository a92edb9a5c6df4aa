"""An article to publish: words in several scripts, HTML with what is forbidden in it, a picture and a sound."""

from __future__ import annotations

import io
import math
import secrets
import struct
import wave
import zlib
from dataclasses import replace

from ...contract.adapter import Attachment, Content
from ...contract.artifacts import AudioArtifact, ImageArtifact

WIDTH, HEIGHT = 320, 180
_RATE = 8000
FORBIDDEN = "alert('forbidden')"
_BODY = f"""<h2>Ein Becher für drei Böden</h2>
<p>Grüße aus <strong>京都</strong> &amp; Lyon. <a href="https://example.org/mugs">More</a></p>
<script>{FORBIDDEN}</script>
<figure><img src="artifact:hero" alt="A red mug on a table"></figure>
<audio src="artifact:voice_over" controls></audio>
<p onclick="{FORBIDDEN}">Made with the help of AI.</p>"""


def article() -> Content:
    """An article with a new id. Its picture and its sound are new as well, so that no target takes them for known."""
    number = secrets.token_hex(4)
    hero = Attachment(role="hero", artifact=picture(number), alt="Ein roter Becher – 红色", name="Becher rot 红.png")
    voice = Attachment(role="voice_over", artifact=sound(number), alt="", name="Erzählung.wav")
    return Content(
        id=f"kit-{number}",
        texts={
            "title": (f"Der rote Becher – 红色马克杯 {number}",),
            "excerpt": ("Warm, schwer, „von Hand“.",),
            "body": (_BODY,),
        },
        attachments=(hero, voice),
        tags=("mugs", "Töpferei"),
        url="https://example.org/mugs",
        notice="Made with the help of AI.",
    )


def changed(content: Content) -> Content:
    """The same content with another first text, and another picture where it has a hero."""
    name, (first, *others) = next(iter(content.texts.items()))
    texts = {**content.texts, name: (first[:-1] + ("x" if first[-1] != "x" else "y"), *others)}
    attachments = tuple(
        replace(one, artifact=picture(secrets.token_hex(4))) if one.role == "hero" else one
        for one in content.attachments
    )
    return replace(content, texts=texts, attachments=attachments)


def picture(number: str) -> ImageArtifact:
    """A PNG whose colours are drawn from the number (https://www.w3.org/TR/png-3/)."""
    first, second = (bytes.fromhex((number * 2)[at : at + 6]) for at in (0, 6))
    row = b"\0" + first * (WIDTH // 2) + second * (WIDTH - WIDTH // 2)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * HEIGHT)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)
    return ImageArtifact(data=data, width=WIDTH, height=HEIGHT, media_type="image/png")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def sound(number: str) -> AudioArtifact:
    """A quarter of a second of a tone whose pitch is drawn from the number."""
    pitch = 200 + int(number, 16) % 1800
    samples = (int(9000 * math.sin(math.tau * pitch * place / _RATE)) for place in range(_RATE // 4))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_RATE)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return AudioArtifact(data=file.getvalue(), sample_rate=_RATE, duration_s=0.25)
