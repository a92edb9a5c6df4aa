"""A content as the words of one message."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from html import escape
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Check, Content, Journal


def paragraphs(content: Content) -> list[str]:
    """Title, excerpt, address and notice, those that there are. Nothing is cut off."""
    parts = (content.text("title"), content.text("excerpt"), content.url, content.notice)
    return [part.strip() for part in parts if part.strip()]


def as_html(content: Content) -> str:
    """The same, the title in bold and the notice in italics."""
    title, excerpt, url, notice = (
        escape(part.strip()) for part in (content.text("title"), content.text("excerpt"), content.url, content.notice)
    )
    link = f'<a href="{url}">{url}</a>' if url else ""
    parts = (f"<strong>{title}</strong>" if title else "", excerpt, link, f"<em>{notice}</em>" if notice else "")
    return "".join(f"<p>{part}</p>" for part in parts if part)


def adaptations(content: Content) -> tuple[str, ...]:
    """What of an article has no place in a message."""
    if not content.text("body").strip():
        return ()
    return ("the body is left out: a message has title, excerpt, address and notice, and the files after it",)


def checks(content: Content, *, most_chars: int) -> tuple[Check, ...]:
    """Whether there is a title, the words fit one message, and pictures have words of their own."""
    size = len("\n\n".join(paragraphs(content)))
    title = content.text("title").strip()
    return (
        Check(asset="title", rule="there", measured="yes" if title else "no", limit="yes", passed=bool(title)),
        Check(
            asset="message",
            rule="length",
            measured=f"{size} characters",
            limit=f"at most {most_chars} characters",
            passed=size <= most_chars,
        ),
        *(_alt_text(one) for one in content.attachments if one.artifact.modality == "image"),
    )


def _alt_text(attachment: Attachment) -> Check:
    there = bool(attachment.alt.strip())
    said = "there" if there else "none"
    return Check(asset=attachment.role, rule="alt text", measured=said, limit="there", passed=there, kind="advice")


def media_type(attachment: Attachment) -> str:
    """Such as ``image/png``, without parameters."""
    return attachment.artifact.media_type.partition(";")[0]


def file_step(attachment: Attachment) -> str:
    """The journal's step: another file, or another description, is another message."""
    described = f"{attachment.artifact.sha256()}/{attachment.alt}/{attachment.name}"
    return f"file-{attachment.role}-{sha256(described.encode()).hexdigest()[:12]}"


def remove_stale(
    content: Content,
    journal: Journal,
    remove: Callable[[dict[str, Any]], None],
    find: Callable[[str], dict[str, Any] | None],
) -> None:
    """Removes file messages that the content no longer has: of an earlier one, or of an attempt that failed."""
    wanted = {file_step(attachment) for attachment in content.attachments}
    for step, sent in journal.done("file-").items():
        if step not in wanted:
            remove(sent)
            journal.forget(step)
    for step, mark in journal.unfinished("file-").items():
        if step not in wanted:
            if (found := find(mark)) is not None:
                remove(found)
            journal.forget(step)
