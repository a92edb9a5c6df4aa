"""What is sent: one creative for each picture and each video, JSON-ready, in the words of the Marketing API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Check, Content
from aigc_sdk.contract.channels import clip_shapes

from .. import measure
from ..ad import keyed, reference
from ..checks import VIDEO

_SAME_RATIO = 0.03


def payload_of(content: Content, *, page: str, instagram: str, call_to_action: str) -> dict[str, Any]:
    """The payload of a content that fits its channel: creatives by the key of their medium."""
    voice = {"page_id": page, **({"instagram_user_id": instagram} if instagram else {})}
    button = {"type": call_to_action, "value": {"link": content.url}}
    media = keyed(content.attachments)
    creatives: dict[str, Any] = {}
    for key, one in media.items():
        told = {"message": content.text("primary_text"), "call_to_action": button}
        if one.role == VIDEO:
            still = thumbnail(one, media)
            shown = {"video_id": reference(key), **({"image_hash": reference(still)} if still else {})}
            data = {"video_data": {**shown, "title": content.text("headline"), **told}}
        else:
            shown = {"image_hash": reference(key), "link": content.url}
            data = {"link_data": {**shown, "name": content.text("headline"), **told}}
        creatives[key] = {"object_story_spec": {**voice, **data}}
    return {"creatives": creatives}


def thumbnail(video: Attachment, media: Mapping[str, Attachment]) -> str | None:
    """Key of the picture that is shown before the video plays: it must have the same ratio."""
    ratio = measure.clip(video).ratio
    pictures = {key: one for key, one in media.items() if one.role != VIDEO}
    ratios = {key: measure.picture(one.artifact.content()).ratio for key, one in pictures.items()}
    off = {key: abs(own / max(ratio, 1e-6) - 1) for key, own in ratios.items()}
    best = min(off, key=lambda key: off[key], default=None)
    return best if best is not None and off[best] <= _SAME_RATIO else None


def thumbnail_checks(content: Content) -> list[Check]:
    """Every video has a picture of its ratio beside it."""
    media = keyed(content.attachments)
    source = next((row.source for row in clip_shapes(content.channel)), "")
    return [
        Check(
            asset=key,
            rule="thumbnail",
            measured=thumbnail(one, media) or "none",
            limit="a picture of its ratio",
            passed=thumbnail(one, media) is not None,
            source=source,
        )
        for key, one in media.items()
        if one.role == VIDEO
    ]


def medium_names(payload: Any) -> set[str]:
    """Hashes of pictures and ids of videos that a creative shows."""
    if isinstance(payload, dict):
        own = {str(payload[name]) for name in ("image_hash", "video_id") if payload.get(name)}
        return own.union(*(medium_names(value) for value in payload.values()))
    if isinstance(payload, list):
        return set().union(*(medium_names(value) for value in payload))
    return set()
