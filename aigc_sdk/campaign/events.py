"""What a campaign reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """Root of all campaign events."""


@dataclass(frozen=True, slots=True)
class StepStarted(CampaignEvent):
    """A step begins. ``kept``: nothing it depends on has changed, so an earlier run's result is taken."""

    step: str
    kept: bool


@dataclass(frozen=True, slots=True)
class CandidatesDone(CampaignEvent):
    """``done`` of ``of`` candidates are there."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class SetAside(CampaignEvent):
    """A file in the way, which no campaign made or somebody edited, was renamed to ``path``."""

    path: Path
