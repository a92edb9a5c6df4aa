"""Uploads as steps of a journal: what is kept, what is taken away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aigc_sdk import Attachment, ImageArtifact
from aigc_sdk.contract.uploads import remove_stale, upload_step

HERO = Attachment(role="hero", artifact=ImageArtifact(data=b"one", width=1, height=1), alt="a mug", name="mug.png")


class Notes:
    """A journal that was written elsewhere."""

    key = "k"

    def __init__(self, done: dict[str, dict[str, Any]], unfinished: dict[str, str]) -> None:
        self._done, self._unfinished = done, unfinished
        self.forgotten: list[str] = []

    def done(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        return {step: result for step, result in self._done.items() if step.startswith(prefix)}

    def unfinished(self, prefix: str = "") -> dict[str, str]:
        return {step: mark for step, mark in self._unfinished.items() if step.startswith(prefix)}

    def forget(self, step: str) -> None:
        self.forgotten.append(step)


@pytest.mark.parametrize(
    "changed",
    [
        replace(HERO, role="logo"),
        replace(HERO, alt="another"),
        replace(HERO, name="other.png"),
        replace(HERO, artifact=ImageArtifact(data=b"two", width=1, height=1)),
    ],
)
def test_another_file_or_description_is_another_step(changed: Attachment) -> None:
    assert upload_step(HERO) == upload_step(replace(HERO))
    assert upload_step(changed) != upload_step(HERO)


def test_what_is_kept_stays_and_the_rest_is_taken_back_and_forgotten() -> None:
    kept = upload_step(HERO)
    journal = Notes(
        {kept: {"id": 1}, "upload-video-old": {"id": 2}, "post": {"id": 3}},
        {"upload-logo-lost": "mark-lost", "upload-logo-never": "mark-never"},
    )
    removed: list[int] = []
    found = {"mark-lost": {"id": 4}}
    remove_stale([HERO], journal, lambda upload: removed.append(upload["id"]), found.get)  # type: ignore[arg-type]
    assert removed == [2, 4]
    assert journal.forgotten == ["upload-video-old", "upload-logo-lost", "upload-logo-never"]
    remove_stale((), journal, lambda upload: removed.append(upload["id"]), lambda mark: None)  # type: ignore[arg-type]
    assert removed == [2, 4, 1, 2]
