"""What the adapters have in common about an article at its target."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aigc_sdk.contract.adapter import Content, Finding, Journal
from aigc_sdk.contract.errors import WriteConflict

from . import body


def digest(fields: Mapping[str, Any]) -> str:
    """Of what was sent or is held, JSON-ready: to see whether it is the same."""
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


def intend(journal: Journal, parts: Mapping[str, Any]) -> None:
    """Writes down what an update is about to send: if it is killed, its doing must not be taken for somebody's edit.

    Args:
        parts: in a form in which they can be read back.
    """
    journal.once(f"sent-{digest(parts)}", lambda mark: {}, lambda mark: {})


def was_intended(journal: Journal, parts: Mapping[str, Any]) -> bool:
    """Whether what the target holds is what some update was about to send."""
    return f"sent-{digest(parts)}" in journal.done("sent-")


def conflict(adapter: str, what: str) -> WriteConflict:
    """The error for an article that somebody has changed or removed."""
    return WriteConflict(what, plugin=adapter, fix="publish with --again to replace it")


def compared(expected: Mapping[str, tuple[Any, Any]], fix: str) -> list[Finding]:
    """A finding for each part, of what the target holds and what was sent."""
    return [
        Finding(what=f"{name} as sent", passed=have == sent, fix="" if have == sent else fix)
        for name, (have, sent) in expected.items()
    ]


def letters(html: str) -> str:
    """The text without white space, of which editors leave out what is between elements."""
    return body.words(html).replace(" ", "")


def slug(content: Content) -> str:
    """A name for the article's address: the ASCII of its title, and six digits that no other content has."""
    plain = unicodedata.normalize("NFKD", content.text("title").casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "article"
    return f"{words}-{sha256(content.id.encode()).hexdigest()[:6]}"
