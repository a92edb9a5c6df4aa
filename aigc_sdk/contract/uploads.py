"""Attachments as steps of a journal: each file once, and none left over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from .adapter import Attachment, Journal

_PREFIX = "upload-"


def upload_step(attachment: Attachment) -> str:
    """The journal's step: another file, or another description, is another upload."""
    described = f"{attachment.artifact.sha256()}/{attachment.alt}/{attachment.name}"
    return f"{_PREFIX}{attachment.role}-{sha256(described.encode()).hexdigest()[:12]}"


def remove_stale(
    kept: Iterable[Attachment],
    journal: Journal,
    remove: Callable[[dict[str, Any]], None],
    find: Callable[[str], dict[str, Any] | None],
) -> None:
    """Removes uploads of attachments that are not kept: of what was published before, or of an attempt that failed.

    Args:
        remove: takes one back at the target; given what the step returned. find: looks for the mark of one, as in
            ``Journal.once``.
    """
    wanted = {upload_step(attachment) for attachment in kept}
    for step, upload in journal.done(_PREFIX).items():
        if step not in wanted:
            remove(upload)
            journal.forget(step)
    for step, mark in journal.unfinished(_PREFIX).items():
        if step not in wanted:
            if (found := find(mark)) is not None:
                remove(found)
            journal.forget(step)
