"""Makes pictures acceptable where that changes nothing of what they show."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.adapter import Attachment
from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.channels import Shape

from . import measure

if TYPE_CHECKING:
    from PIL import Image

_QUALITIES = (95, 90, 85, 80)
"""Of JPEG. Below the last, an ad begins to look bad, and its author should decide."""


def fitted(attachment: Attachment, shape: Shape) -> tuple[Attachment, str]:
    """The picture in a format and weight that the shape takes, and what was done to it; "" if nothing.

    Same pixels, same size. A picture with transparency stays PNG. An animation is left alone, and what cannot be read.
    """
    data = attachment.artifact.content()
    found = measure.picture(data)
    if found.problem or found.animated or not (why := _why(found, shape)):
        return attachment, ""
    picture = measure.opened(data)
    encoded, media_type, how = _encoded(picture, shape.max_bytes)
    if len(encoded) > shape.max_bytes:
        return attachment, ""
    suffix = ".jpg" if media_type == "image/jpeg" else ".png"
    size = measure.picture(encoded)
    receipt = attachment.artifact.receipt
    made = ImageArtifact(data=encoded, width=size.width, height=size.height, media_type=media_type, receipt=receipt)
    done = replace(attachment, artifact=made, name=PurePath(attachment.name).stem + suffix)
    lost = "; its C2PA signature does not survive that" if b"c2pa" in data else ""
    return done, f"{attachment.role}: encoded as {how}, because it {why}{lost}"


def _why(found: measure.Picture, shape: Shape) -> str:
    if found.format not in shape.formats:
        return f"is {found.format}"
    if not found.upright:
        return "lies on its side until a tag turns it"
    if found.mode == "CMYK":
        return "is CMYK"
    return f"weighs {found.bytes} bytes" if found.bytes > shape.max_bytes else ""


def _encoded(picture: Image.Image, max_bytes: int) -> tuple[bytes, str, str]:
    from PIL import ImageOps

    kept = _kept(picture)
    upright = ImageOps.exif_transpose(picture)
    if _transparent(upright):
        return _saved(upright, "PNG", optimize=True, icc_profile=kept.get("icc_profile")), "image/png", "PNG"
    plain = upright if upright.mode in ("RGB", "L") else upright.convert("RGB")
    if upright.mode == "CMYK":
        kept.pop("icc_profile", None)  # it describes inks
    data = b""
    for quality in _QUALITIES:
        data = _saved(plain, "JPEG", quality=quality, optimize=True, **kept)
        if len(data) <= max_bytes:
            break
    return data, "image/jpeg", f"JPEG of quality {quality}"


def _kept(picture: Image.Image) -> dict[str, Any]:
    """Colour profile, and the labels in XMP that say how it was made."""
    xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    found = {"icc_profile": picture.info.get("icc_profile"), "xmp": xmp.encode() if isinstance(xmp, str) else xmp}
    return {name: value for name, value in found.items() if value}


def _transparent(picture: Image.Image) -> bool:
    if picture.mode == "P" and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if "A" not in picture.getbands():
        return False
    return any(picture.getchannel("A").histogram()[:255])


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
