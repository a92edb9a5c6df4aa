"""What streams out while a job runs. Always ``Queued, Started, ...`` and then one of ``Completed`` or ``Failed``."""

from __future__ import annotations

from dataclasses import dataclass, field

from .artifacts import Artifact
from .errors import AigcError
from .plan import Plan


@dataclass(frozen=True, slots=True)
class Event:
    """Root of all events."""


@dataclass(frozen=True, slots=True)
class Queued(Event):
    """The job was accepted under this id."""

    job: str


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The job's first batch began on the device that the plan names."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """``step`` of ``of`` is done. ``of`` is None where the end is not known. ``what`` names the phase."""

    step: int
    of: int | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Preview(Event):
    """A rough, early version of the artifact."""

    artifact: Artifact


@dataclass(frozen=True, slots=True)
class Delta(Event):
    """The next piece: ``text``, or ``audio`` (16-bit little-endian PCM, mono, at ``sample_rate`` Hz)."""

    text: str = ""
    audio: bytes = b""
    sample_rate: int = 0


@dataclass(frozen=True, slots=True)
class Completed(Event):
    """The artifact is done.

    Attributes:
        units: what the plugin counted, for the receipt.
        notes: what the user should know about how it came out, a sentence each, for the receipt.
    """

    artifact: Artifact
    units: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The job ended with this error."""

    error: AigcError
