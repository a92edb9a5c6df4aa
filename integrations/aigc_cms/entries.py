"""What the adapters have in common about an article at its target."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aigc_sdk.contract.adapter import Content, Finding
from aigc_sdk.contract.errors import WriteConflict

from . import body


def digest(fields: Mapping[str, Any]) -> str:
    """Of what was sent or is held, JSON-ready: to see whether it is the same."""
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


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
