"""Each step is done once, whatever breaks in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    CredentialsRefused,
    PermissionRefused,
    TargetUnavailable,
    WriteConflict,
)
from aigc_sdk.ledger import Ledger, Publications
from aigc_sdk.publishing import LedgerJournal
from aigc_sdk.publishing.journal import TRIES, mark_of

LOST = TargetUnavailable("no answer", may_have_happened=True)
DOWN = TargetUnavailable("nobody there")


class Place:
    """A target that plays what happens at each ``make``: an error, an error after it was stored, or nothing."""

    def __init__(self, *plays: Exception | tuple[Exception] | None) -> None:
        self.plays = list(plays)
        self.stored: list[str] = []
        self.asked = 0
        self.search: Exception | None = None

    def make(self, mark: str) -> dict[str, Any]:
        play = self.plays.pop(0) if self.plays else None
        if isinstance(play, Exception):
            raise play
        self.stored.append(mark)
        if play is not None:
            raise play[0]
        return {"id": len(self.stored)}

    def find(self, mark: str) -> dict[str, Any] | None:
        self.asked += 1
        if self.search is not None:
            raise self.search
        return {"id": self.stored.index(mark) + 1} if mark in self.stored else None


@pytest.fixture
def publications(ledger: Ledger) -> Iterator[Publications]:
    publications = Publications(ledger)
    with publications.claimed("k1", target="blog", adapter="x", content="a1", title="x"):
        yield publications


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def journal(publications: Publications, pauses: list[float]) -> LedgerJournal:
    return LedgerJournal(publications, "k1", sleep=pauses.append)


def once(journal: LedgerJournal, place: Place, step: str = "post") -> dict[str, Any]:
    return journal.once(step, place.make, place.find)


def test_it_is_made_once_and_remembered(journal: LedgerJournal) -> None:
    place = Place()
    assert [once(journal, place) for _ in range(3)] == [{"id": 1}] * 3
    assert (len(place.stored), place.asked) == (1, 0)
    assert journal.done() == {"post": {"id": 1}}
    assert journal.unfinished() == {}


def test_an_answer_that_was_lost_is_looked_for(journal: LedgerJournal, pauses: list[float]) -> None:
    place = Place((LOST,))
    assert once(journal, place) == {"id": 1}
    assert (len(place.stored), place.asked, pauses) == (1, 1, [1.0])


def test_what_is_not_there_is_made_again_with_growing_pauses(journal: LedgerJournal, pauses: list[float]) -> None:
    place = Place(LOST, LOST)
    assert once(journal, place) == {"id": 1}
    assert (place.asked, pauses) == (2, [1.0, 2.0])


def test_after_some_tries_it_is_left_to_the_next_run(journal: LedgerJournal, pauses: list[float]) -> None:
    place = Place(LOST, LOST, (LOST,))
    with pytest.raises(TargetUnavailable):
        once(journal, place)
    assert len(pauses) == TRIES - 1
    assert list(journal.unfinished()) == ["post"]
    assert once(journal, place) == {"id": 1}
    assert len(place.stored) == 1


def test_a_target_that_was_never_reached_is_not_searched(journal: LedgerJournal) -> None:
    place = Place(DOWN)
    with pytest.raises(TargetUnavailable):
        once(journal, place)
    assert journal.unfinished() == {}
    assert once(journal, place) == {"id": 1}
    assert place.asked == 0


@pytest.mark.parametrize("kind", [CredentialsRefused, PermissionRefused, ContentRefused, WriteConflict])
def test_after_a_refusal_there_is_nothing_to_look_for(journal: LedgerJournal, kind: type[AdapterError]) -> None:
    place = Place(kind("no"))
    with pytest.raises(kind):
        once(journal, place)
    assert journal.unfinished() == {}
    assert once(journal, place) == {"id": 1}
    assert place.asked == 0


def test_a_refusal_after_a_lost_answer(journal: LedgerJournal) -> None:
    place = Place(LOST, ContentRefused("too large"))
    with pytest.raises(ContentRefused):
        once(journal, place)
    assert (place.asked, journal.unfinished()) == (1, {})


@pytest.mark.parametrize("error", [AdapterError("strange"), ZeroDivisionError(), KeyboardInterrupt()])
def test_whatever_else_happens_it_is_looked_for_next_time(journal: LedgerJournal, error: BaseException) -> None:
    place = Place((error,))  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        once(journal, place)
    assert list(journal.unfinished()) == ["post"]
    assert once(journal, place) == {"id": 1}
    assert len(place.stored) == 1


def test_a_search_that_fails_makes_nothing(journal: LedgerJournal) -> None:
    place = Place((LOST,))
    place.search = DOWN
    for _ in range(2):
        with pytest.raises(TargetUnavailable, match="nobody there"):
            once(journal, place)
    place.search = None
    assert once(journal, place) == {"id": 1}
    assert len(place.stored) == 1


def test_another_process_goes_on(publications: Publications, journal: LedgerJournal) -> None:
    place = Place(None, (ZeroDivisionError(),))
    once(journal, place, "upload-hero")
    with pytest.raises(ZeroDivisionError):
        once(journal, place)
    later = LedgerJournal(publications, "k1", sleep=lambda seconds: None)
    assert once(later, place, "upload-hero") == {"id": 1}
    assert once(later, place) == {"id": 2}
    assert len(place.stored) == 2


def test_what_was_forgotten_is_done_anew(journal: LedgerJournal) -> None:
    place = Place()
    for step in ("upload-a", "upload-b", "post"):
        once(journal, place, step)
    assert list(journal.done("upload-")) == ["upload-a", "upload-b"]
    journal.forget("upload-a")
    assert list(journal.done("upload-")) == ["upload-b"]
    once(journal, place, "upload-a")
    assert len(place.stored) == 4


def test_the_marks_of_what_is_unfinished(journal: LedgerJournal) -> None:
    place = Place((ZeroDivisionError(),))
    with pytest.raises(ZeroDivisionError):
        once(journal, place, "upload-hero")
    assert journal.unfinished("upload-") == {"upload-hero": place.stored[0]}
    assert journal.unfinished("post") == {}


@pytest.mark.parametrize("step", ["post", "Upload Hero/1", "x" * 100, "红", "-"])
def test_marks_are_safe_as_file_names_and_slugs(step: str) -> None:
    mark = mark_of("k1", step)
    assert re.fullmatch(r"aigc-[a-z0-9-]{16,41}", mark)
    assert mark == mark_of("k1", step)
    assert mark != mark_of("k2", step)
    assert mark != mark_of("k1", step + "x")
