"""What a plugin makes when nothing interferes: what every other check compares with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..contract.artifacts import Artifact, TextArtifact
from ..contract.errors import AigcError
from ..contract.events import Event
from ..contract.requests import Request
from .verdict import not_applicable
from .watch import Seen

if TYPE_CHECKING:
    from .subject import Subject

Result = Artifact | AigcError
FEW = 2
"""Steps of an item that is too short to be stopped on its way."""
LONG = 50
"""Number of the request with the long prompt; it gives it a seed of its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one request makes by itself: the artifact, all events, and what was seen of its run."""

    request: Request
    artifact: Artifact
    events: list[Event]
    seen: Seen


class Usual:
    """What the kit's requests make when nothing interferes. Each is run once, when it is first asked for."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._made: dict[int, Made] = {}

    def __getitem__(self, number: int) -> Made:
        if number not in self._made:
            self._made[number] = self._make(self._subject.request(number))
        return self._made[number]

    def _make(self, request: Request) -> Made:
        subject = self._subject
        job = subject.client.submit(request)
        result = subject.result(job)
        seen = subject.watch.last_seen(request)
        if isinstance(result, AigcError) or seen is None:
            not_applicable(f"a plain request fails: {result}")
        return Made(request, result, list(job.events()), seen)

    @cached_property
    def longest(self) -> Made:
        """One with several steps, for checks that stop it on its way: a prompt of four sentences, if one has few."""
        subject = self._subject
        if self[0].seen.steps > FEW or not self[0].request.prompt:
            return self[0]
        prompt = ". ".join([self[0].request.prompt] * 4) + "."
        return self._make(subject.request(LONG, prompt=prompt))

    @cached_property
    def again(self) -> Result:
        """What the first request makes the second time."""
        return self._subject.run(0)

    @property
    def repeatable(self) -> bool:
        """The same request makes the same bytes again."""
        return isinstance(self.again, Artifact) and self.again.content() == self[0].artifact.content()

    @cached_property
    def batches(self) -> dict[tuple[int, ...], list[Result]]:
        """The results of four requests that ran together, by the order in which they were submitted."""
        subject = self._subject
        return {order: subject.ended(subject.together(order)) for order in ((0, 1, 2, 3), (3, 1, 0, 2))}

    @cached_property
    def steady(self) -> bool:
        """What shares a run makes the same bytes as by itself."""
        if not self.repeatable or not self._subject.manifest.batch_invariant:
            return False
        return all(
            isinstance(result, Artifact) and result.content() == self[number].artifact.content()
            for order, results in self.batches.items()
            for number, result in zip(order, results, strict=True)
        )

    @property
    def shared(self) -> int:
        """Most items that one run had so far."""
        return max((len(run.items) for run in self._subject.watch.runs), default=0)


def contrast(first: Result, second: Artifact) -> tuple[str, str, str]:
    """Two results in a message, so that it can be seen what differs: each shown, and where they part."""
    if isinstance(first, AigcError):
        return str(first), _shown(second, 0), "which failed"
    if isinstance(first, TextArtifact) and isinstance(second, TextArtifact):
        unit, place = "character", _agreed(first.text, second.text)
    else:
        unit, place = "byte", _agreed(first.content(), second.content())
    return _shown(first, place), _shown(second, place), f"they differ from {unit} {place + 1:,} on"


def _agreed(one: str | bytes, two: str | bytes) -> int:
    """Length of what both begin with."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == two[:middle] else (low, middle - 1)
    return low


def _shown(artifact: Artifact, place: int) -> str:
    """A text as it is, or what is around a place of a long one; anything else by its size and digest."""
    if not isinstance(artifact, TextArtifact):
        return f"{artifact.media_type}, {len(artifact.content()):,} bytes, sha256:{artifact.sha256()[:12]}"
    begin = max(0, min(place - 30, len(artifact.text) - 80))
    part = artifact.text[begin : begin + 80]
    return repr("..." * (begin > 0) + part + "..." * (begin + len(part) < len(artifact.text)))
