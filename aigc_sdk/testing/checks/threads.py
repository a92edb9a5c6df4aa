"""Many callers, one model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...contract.requests import Request
from ...engine.resolve import resolve
from ..subject import Subject
from ..usual import Result

NUMBERS = (0, 1, 2, 3, 0, 1, 2, 3)
"""The eight callers' requests."""


class ThreadChecks:
    """Checks with eight threads."""

    def test_many_callers_share_one_model(self, aigc_subject: Subject) -> None:
        """Eight requests from eight threads, all at once: each gets what it would get alone."""
        subject = aigc_subject
        _expect_all_usual(
            subject,
            subject.ended(subject.together(NUMBERS)),
            "run for eight callers at once,",
            rule="one resident model serves many jobs; item.index is unique within a run and may be any number",
            change="keep what belongs to an item by its index in a dict of run()'s own; take any number of items",
        )

    def test_preprocess_runs_in_many_threads(self, aigc_subject: Subject) -> None:
        """``preprocess`` of eight requests in eight threads at the same time: each gets its own inputs."""
        subject = aigc_subject
        _ = subject.usual[0]
        subject.watch.preprocessing = _AllAtOnce([_resolved(subject, number) for number in NUMBERS])
        try:
            results = [subject.run(number) for number in NUMBERS]
        finally:
            subject.watch.preprocessing = lambda real, request: real(request)
        _expect_all_usual(
            subject,
            results,
            "preprocessed while seven others were,",
            rule="preprocess() is called in a thread, maybe several at once",
            change="keep nothing of a request on self in preprocess(); return it as the inputs",
        )


class _AllAtOnce:
    """Preprocesses all requests when the first is due, each in a thread; hands out what each thread made."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._requests = requests
        self._inputs: dict[int | None, Any] = {}
        self._start = threading.Barrier(len(requests))

    def __call__(self, real: Callable[[Request], Any], request: Request) -> Any:
        if not self._inputs:
            with ThreadPoolExecutor(len(self._requests)) as threads:
                made = list(threads.map(lambda each: self._one(real, each), self._requests))
            self._inputs = {each.seed: inputs for each, inputs in zip(self._requests, made, strict=True)}
        return self._inputs[request.seed]

    def _one(self, real: Callable[[Request], Any], request: Request) -> Any:
        self._start.wait(timeout=60)
        return real(request)


def _resolved(subject: Subject, number: int) -> Request:
    """The request as the engine gives it to ``preprocess``."""
    return resolve(subject.request(number), subject.card, subject.manifest)


def _expect_all_usual(subject: Subject, results: Sequence[Result], after: str, *, rule: str, change: str) -> None:
    __tracebackhide__ = True
    for number, result in zip(NUMBERS, results, strict=True):
        subject.expect_usual(number, result, after, rule=rule, change=change, batched=True)
