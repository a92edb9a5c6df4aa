"""Contents of Matrix events (https://spec.matrix.org/v1.11/client-server-api/#instant-messaging)."""

from __future__ import annotations

from typing import Any

from aigc_sdk.contract.adapter import Attachment, Package


def words_of(package: Package) -> dict[str, Any]:
    """The message with the words. It calls nobody by name."""
    return {
        "msgtype": "m.text",
        "body": package.payload["body"],
        "format": "org.matrix.custom.html",
        "formatted_body": package.payload["formatted_body"],
        "m.mentions": {},
    }


def file_of(attachment: Attachment, uri: str, size: int) -> dict[str, Any]:
    """The message that shows an uploaded file of so many bytes."""
    kind = attachment.media_type
    family = kind.partition("/")[0]
    return {
        "msgtype": f"m.{family}" if family in ("image", "audio", "video") else "m.file",
        "body": attachment.alt or attachment.name,
        "filename": attachment.name,
        "url": uri,
        "info": {"mimetype": kind, "size": size, **_measures(attachment.artifact)},
        "m.mentions": {},
    }


def _measures(artifact: Any) -> dict[str, int]:
    """Pixels, and milliseconds."""
    found = {"w": getattr(artifact, "width", 0), "h": getattr(artifact, "height", 0)}
    found["duration"] = round(getattr(artifact, "duration_s", 0) * 1000)
    return {name: value for name, value in found.items() if value}
