"""Attachments as files to upload."""

from __future__ import annotations

import contextlib
import io
import mimetypes
from collections.abc import Collection, Iterator
from pathlib import PurePath
from typing import BinaryIO

from aigc_sdk.contract.adapter import Attachment, Check, Content

from .body import roles

NAME_MAX = 255
"""Of titles and alt texts where a system has them in columns of the usual size."""


@contextlib.contextmanager
def opened(attachment: Attachment) -> Iterator[BinaryIO]:
    """The attachment's bytes, streamed from its file where it has one."""
    artifact = attachment.artifact
    path = getattr(artifact, "path", None)
    with path.open("rb") if path is not None else io.BytesIO(artifact.content()) as file:
        yield file


def file_name(attachment: Attachment, mark: str) -> str:
    """A name for the uploaded file in ASCII: systems change other names, each in its own way."""
    ending = PurePath(attachment.name).suffix
    if not ending.isascii() or len(ending) < 2:
        ending = mimetypes.guess_extension(attachment.media_type) or ""
    return mark + ending.lower()


def size(attachment: Attachment) -> int:
    """Bytes."""
    with opened(attachment) as file:
        return file.seek(0, io.SEEK_END)


def title(attachment: Attachment) -> str:
    """What the media library shows."""
    return PurePath(attachment.name).stem


def article_checks(content: Content, body: str, *, title_max: int, excerpt_max: int) -> tuple[Check, ...]:
    """What every article must have: a title, a body, all the media that it shows, and words for the pictures."""
    found = [
        length_check("title", content.text("title"), title_max),
        length_check("excerpt", content.text("excerpt"), excerpt_max, least=0),
        length_check("body", body, 10_000_000),
    ]
    there = {attachment.role for attachment in content.attachments}
    found += [_not_attached(role) for role in sorted(roles(body) - there)]
    found += [_alt_text(one) for one in content.attachments if one.artifact.modality == "image"]
    return tuple(found)


def _not_attached(role: str) -> Check:
    return Check(asset=role, rule="attached", measured="no", limit="shown in the body", passed=False)


def _alt_text(attachment: Attachment) -> Check:
    there = bool(attachment.alt.strip())
    said = "there" if there else "none"
    return Check(asset=attachment.role, rule="alt text", measured=said, limit="there", passed=there)


def type_check(attachment: Attachment, taken: Collection[str]) -> Check:
    """Whether the target takes files of this type."""
    have = attachment.media_type
    limit = "one of " + ", ".join(sorted(taken))
    return Check(asset=attachment.role, rule="media type", measured=have, limit=limit, passed=have in taken)


def readable_check(attachment: Attachment) -> Check:
    """Whether a picture is whole. Reads its file."""
    from PIL import Image

    try:
        with opened(attachment) as file, Image.open(file) as picture:
            picture.load()
        said = "yes"
    except (OSError, SyntaxError, ValueError):  # as Pillow has it: SyntaxError for broken PNG files
        said = "no"
    return Check(asset=attachment.role, rule="readable", measured=said, limit="yes", passed=said == "yes")


def length_check(asset: str, text: str, most: int, least: int = 1) -> Check:
    """In characters, without white space around them."""
    size = len(text.strip())
    limit = f"{least} to {most} characters"
    return Check(asset=asset, rule="length", measured=f"{size} characters", limit=limit, passed=least <= size <= most)
