"""A content as the words of one message."""

from __future__ import annotations

from html import escape

from aigc_sdk.contract.adapter import Attachment, Check, Content


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
