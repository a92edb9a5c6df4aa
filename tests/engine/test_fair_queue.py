"""Whose turn it is."""

from __future__ import annotations

from collections import Counter

import pytest

from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.engine import fair_queue
from aigc_sdk.engine.fair_queue import FairQueue
from aigc_sdk.engine.job import Job
from aigc_sdk.engine.ticket import Ticket
from aigc_sdk.engine.waiting import Waiting


def ticket(owner: str = "", priority: int = 0, key: str = "k") -> Ticket:
    request = TextRequest(prompt="Hello")
    return Ticket(Job(request, owner, priority), request, key=key)


def filled(*tickets: Ticket) -> FairQueue:
    queue = FairQueue()
    for one in tickets:
        queue.put(one)
    return queue


def owners(tickets: list[Ticket]) -> str:
    return "".join(ticket.job.owner for ticket in tickets)


def test_one_owner_is_served_in_the_order_of_arrival() -> None:
    tickets = [ticket("a") for _ in range(5)]
    assert filled(*tickets).take("k", 9) == tickets


def test_who_comes_later_does_not_wait_for_all_of_who_came_first() -> None:
    queue = filled(*(ticket("a") for _ in range(100)), ticket("b"), ticket("b"))
    assert owners(queue.take("k", 4)) in ("abab", "abba")


def test_a_higher_priority_goes_first_whoever_asks() -> None:
    queue = filled(ticket("a"), ticket("b", -1), ticket("a", 1), ticket("b", 1))
    taken = queue.take("k", 4)
    assert [one.job.priority for one in taken] == [1, 1, 0, -1]


def test_owners_get_the_same_time_however_long_their_jobs_are() -> None:
    seconds = {"a": 3.0, "b": 1.0}
    queue = filled(*(ticket(owner) for owner in "ab" for _ in range(200)))
    spent: Counter[str] = Counter()
    for _ in range(120):
        (one,) = queue.take("k", 1)
        spent[one.job.owner] += seconds[one.job.owner]
        queue.ran(one, seconds[one.job.owner])
    assert spent["a"] == pytest.approx(spent["b"], abs=6)


def test_staying_away_saves_up_no_turns() -> None:
    queue = FairQueue()
    for _ in range(50):
        queue.put(ticket("a"))
        queue.ran(queue.take("k", 1)[0], 1.0)
    for owner in "ab":
        for _ in range(10):
            queue.put(ticket(owner))
    assert Counter(owners(queue.take("k", 10))) == {"a": 5, "b": 5}


def test_a_batch_takes_its_own_key_only() -> None:
    queue = filled(ticket("a", key="x"), ticket("a", key="y"), ticket("b", key="x"))
    assert [one.key for one in queue.take("x", 9)] == ["x", "x"]
    assert (queue.count("x"), queue.count("y")) == (0, 1)
    first = queue.first()
    assert first is not None
    assert first.key == "y"


def test_jobs_that_were_cancelled_are_not_given_out() -> None:
    gone, also, stays = ticket("a"), ticket("a"), ticket("a")
    queue = filled(gone, stays, also)
    gone.job.cancel()
    also.job.cancel()
    assert queue.take("k", 9) == [stays]
    assert queue.first() is None
    assert not queue


def test_accounts_of_who_left_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "_MOST_ACCOUNTS", 10)
    queue = FairQueue()
    for number in range(100):
        queue.put(ticket(f"owner-{number}"))
        queue.take("k", 1)
    assert len(queue._accounts) <= 11


def test_a_batch_that_goes_on_admits_no_more_once_another_key_waits_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()
    waiting.put(ticket("a", key="other"))
    waiting.put(ticket("b", key="mine"))
    assert len(waiting.more("mine", 1)) == 1
    waiting.put(ticket("b", key="mine"))
    monkeypatch.setattr("aigc_sdk.engine.waiting._LONGEST_S", 0.0)
    assert waiting.more("mine", 1) == []


def test_what_comes_after_the_end_is_handed_back() -> None:
    waiting = Waiting()
    waiting.close()
    assert not waiting.put(ticket())
    assert waiting.next_batch(1, 0.0) == []


def test_a_ticket_that_went_through_two_queues_is_charged_once_in_each() -> None:
    before, queue, one = FairQueue(), FairQueue(), ticket("a")
    before.put(one)
    before.take("k", 1)
    queue.put(one)
    queue.take("k", 1)
    queue.ran(one, 0.5)
    assert queue._accounts["a"] == pytest.approx(0.5)
