"""What all ads have in common: content fitted to a channel, media by key, payloads with media filled in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import PurePath
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Check, Content
from aigc_sdk.contract.channels import clip_shapes, shapes_of
from aigc_sdk.contract.errors import InvalidRequest

from . import checks
from .checks import VIDEO
from .fit import fitted

SCHEME = "artifact:"
"""Before the key of a medium, it stands in a payload for what the platform will call the medium."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A content with the media that its channel takes, in the form that it takes them."""

    content: Content
    checks: tuple[Check, ...]
    adaptations: tuple[str, ...]


def fit(content: Content, *, channels: Collection[str], without: Collection[str] = ()) -> Fitted:
    """Fits a content to its channel, and checks every asset of it.

    Args:
        channels: those of the adapter. without: fields and shapes that are not part of this ad.

    Raises:
        InvalidRequest: it is not an ad for one of the channels.
    """
    if content.channel not in channels:
        what = f"content {content.id!r} is for {content.channel or 'no channel'}"
        raise InvalidRequest(what, fix="one of " + ", ".join(sorted(channels)))
    left_out = frozenset(without)
    shapes = {shape.shape: shape for shape in shapes_of(content.channel) if shape.shape not in left_out}
    kept: list[Attachment] = []
    adaptations: list[str] = []
    for attachment in content.attachments:
        if attachment.role in shapes:
            done, said = fitted(attachment, shapes[attachment.role])
            kept.append(done)
            adaptations += [said] if said else []
        elif attachment.role == VIDEO and clip_shapes(content.channel):
            kept.append(attachment)
        else:
            adaptations.append(f"{attachment.role}: left out, {_why_not(content.channel, attachment.role)}")
    fitting = replace(content, attachments=tuple(kept))
    found = (
        checks.url_check(fitting),
        *checks.text_checks(fitting, left_out),
        *checks.picture_checks(fitting, left_out),
        *checks.clip_checks(fitting),
    )
    return Fitted(fitting, found, tuple(adaptations))


def _why_not(channel: str, role: str) -> str:
    if role == VIDEO and channel.startswith("google-"):
        return "Google Ads takes videos by their id at YouTube only"
    return f"{channel} has no place for it"


def keyed(attachments: Sequence[Attachment]) -> dict[str, Attachment]:
    """Media by key: the role, and a number from the second of a role on (``square``, ``square-2``)."""
    found: dict[str, Attachment] = {}
    for attachment in attachments:
        number = sum(one.role == attachment.role for one in found.values()) + 1
        found[attachment.role if number == 1 else f"{attachment.role}-{number}"] = attachment
    return found


def reference(key: str) -> str:
    """What stands for a medium in a payload."""
    return f"{SCHEME}{key}"


def filled(payload: Any, names: Mapping[str, str]) -> Any:
    """The payload with every ``artifact:KEY`` replaced by the platform's name for it.

    Raises:
        InvalidRequest: a hook has put in a medium that is not there.
    """
    if isinstance(payload, dict):
        return {key: filled(value, names) for key, value in payload.items()}
    if isinstance(payload, list):
        return [filled(value, names) for value in payload]
    if isinstance(payload, str) and payload.startswith(SCHEME):
        key = payload.removeprefix(SCHEME)
        if key not in names:
            raise InvalidRequest(f"the payload names {payload!r}, which is not attached")
        return names[key]
    return payload


def references(payload: Any) -> list[str]:
    """Keys of all media that a payload names."""
    if isinstance(payload, dict):
        return [key for value in payload.values() for key in references(value)]
    if isinstance(payload, list):
        return [key for value in payload for key in references(value)]
    if isinstance(payload, str) and payload.startswith(SCHEME):
        return [payload.removeprefix(SCHEME)]
    return []


def digest(value: Any) -> str:
    """16 hexadecimal digits that are the same for the same JSON."""
    return sha256(dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def media_name(attachment: Attachment) -> str:
    """Name of a medium at the platform: by its bytes, so that the same file is there once, whichever ads show it."""
    return f"aigc-{attachment.artifact.sha256()[:32]}{PurePath(attachment.name).suffix.lower()}"


def title(content: Content, mark: str, key: str) -> str:
    """Name of an ad at the platform: to be recognised by people, and found again by its mark, or its publication."""
    words = content.text("headline") or content.text("primary_text") or content.id
    return f"{words[:60].strip()} {mark} {key_mark(key)}"


def key_mark(key: str) -> str:
    """What all ads of a publication have in their names."""
    return f"aigc.{key[:16]}"


def account_number(text: str, what: str, adapter: str) -> str:
    """An id of digits; the dashes and prefixes in which platforms show it are taken off.

    Raises:
        InvalidRequest: it is no id. It goes into queries, so nothing else is let through.
    """
    number = text.strip().removeprefix("act_").replace("-", "")
    if not (number.isascii() and number.isdigit()):
        raise InvalidRequest(f"{what} {text!r} is no id: it has digits only", plugin=adapter)
    return number
