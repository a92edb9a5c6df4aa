"""Ads to publish, with pictures that Pillow draws."""

from __future__ import annotations

import functools
import io

from PIL import Image, ImageDraw

from aigc_sdk import ImageArtifact
from aigc_sdk.contract.adapter import Attachment, Content

SIZES = {
    "landscape": (1200, 628),
    "square": (1200, 1200),
    "portrait": (960, 1200),
    "story": (1080, 1920),
    "logo": (1200, 1200),
    "rectangle": (300, 250),
}
TEXTS = {
    "google-rsa": {
        "headline": ("Holds 350 ml", "A mug for your desk", "Dishwasher-safe"),
        "description": ("Thick walls keep coffee hot.", "Order yours today."),
    },
    "google-display": {
        "headline": ("A mug for your desk",),
        "long_headline": ("A red ceramic mug that holds 350 ml",),
        "description": ("Thick walls keep coffee hot.",),
        "business_name": ("Hearthline",),
    },
    "google-pmax": {
        "headline": ("Holds 350 ml", "A mug for your desk", "Dishwasher-safe"),
        "long_headline": ("A red ceramic mug that holds 350 ml",),
        "description": ("Thick walls keep coffee hot.", "Order yours today."),
        "business_name": ("Hearthline",),
    },
    "meta-feed": {"primary_text": ("Thick walls keep coffee hot.",), "headline": ("A mug for your desk",)},
    "meta-stories": {"primary_text": ("Thick walls keep coffee hot.",), "headline": ("A mug for your desk",)},
}
SHAPES = {
    "google-rsa": ("landscape", "square"),
    "google-display": ("landscape", "square", "rectangle"),
    "google-pmax": ("landscape", "square", "portrait"),
    "meta-feed": ("square", "portrait"),
    "meta-stories": ("story",),
}


@functools.cache
def drawn(width: int, height: int, colour: str = "#a8322a", form: str = "PNG", **options) -> bytes:
    """A disc on white. Another colour is another picture."""
    picture = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(picture).ellipse((width / 4, height / 4, width * 3 / 4, height * 3 / 4), fill=colour)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def attached(role: str, data: bytes, name: str | None = None) -> Attachment:
    """A picture; what its artifact says of its size is wrong on purpose."""
    return Attachment(role=role, artifact=ImageArtifact(data=data, width=1, height=1), name=name or f"{role}.png")


def content(channel: str = "google-rsa", *, colour: str = "#a8322a", id: str = "mug/1", **changes) -> Content:
    """An ad that fits its channel."""
    shapes = changes.pop("shapes", SHAPES[channel])
    texts = TEXTS[channel] | changes.pop("texts", {})
    pictures = tuple(attached(shape, drawn(*SIZES[shape], colour)) for shape in shapes)
    given = {"attachments": pictures, "url": "https://hearthline.example/mug", "notice": "AI-generated"} | changes
    return Content(id=id, texts=texts, channel=channel, **given)
