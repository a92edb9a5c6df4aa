"""Requests that fail on their way, each in turn: nothing is lost, nothing is there twice."""

from __future__ import annotations

from functools import partial

from ....contract.errors import AdapterError, AigcError, ContentRefused, TargetUnavailable
from ...verdict import expect, not_applicable
from ..expecting import each_update, expect_error, expect_gone, expect_once
from ..proxy import RETRY_AFTER_S, FaultKind
from ..subject import AdapterSubject, outcome

_LOST: tuple[FaultKind, ...] = ("stored-500", "cut-after")
_CUT: tuple[FaultKind, ...] = ("cut-before", "cut-inside")


class FaultChecks:
    """Checks with the suite's proxy between adapter and target. "Each" is each writing request of a publication."""

    def test_a_busy_target_is_waited_for(self, aigc_adapter: AdapterSubject) -> None:
        """Each is answered once with 429 and Retry-After. It is published in one call, after the pause that was asked
        for."""
        for nth in aigc_adapter.each_write():
            before, content = aigc_adapter.things(), aigc_adapter.new()
            aigc_adapter.pauses.clear()
            with aigc_adapter.fault("busy", nth) as fault:
                found = outcome(partial(aigc_adapter.publish, content))
            expect(
                not isinstance(found, AigcError),
                f"writing request {nth} was answered once with 429: {found}",
                rule="429 is tried again after the pause that the target asks for",
                change="retry on 429; Api does",
            )
            waited = max(aigc_adapter.pauses, default=0)
            expect(
                not fault.struck.is_set() or waited >= RETRY_AFTER_S,
                f"Retry-After was {RETRY_AFTER_S} s, and the longest pause {waited:.1f} s",
                rule="the pause is the target's to choose",
                change="wait for Retry-After; Api does",
            )
            expect_once(aigc_adapter, content, before, f"after a 429 for writing request {nth}")

    def test_lost_answers_publish_nothing_twice(self, aigc_adapter: AdapterSubject) -> None:
        """Each is done by the target, but answered with 500, or not at all.

        It is published in one call, or the call fails with TargetUnavailable and the same call again succeeds; with
        what a publication without faults has, and nothing twice.
        """
        for kind in _LOST:
            _each(aigc_adapter, kind)

    def test_cut_connections_lose_nothing(self, aigc_adapter: AdapterSubject) -> None:
        """Each is cut off before it arrives, and in the middle of its body. As above."""
        for kind in _CUT:
            _each(aigc_adapter, kind)

    def test_a_target_that_hangs_is_given_up(self, aigc_adapter: AdapterSubject) -> None:
        """The first and the last are done by the target, which then says nothing until it is given up. As above."""
        for nth in sorted({1, aigc_adapter.each_write()[-1]}):
            _one(aigc_adapter, "hang", nth)

    def test_what_is_too_large_is_refused(self, aigc_adapter: AdapterSubject) -> None:
        """The first is answered with 413: ContentRefused, at once and with what to do; later it can be published."""
        content = aigc_adapter.new()
        with aigc_adapter.fault("too-large"):
            found = outcome(lambda: aigc_adapter.publish(content))
        change = "map 413 to ContentRefused; Api does"
        expect_error(found, ContentRefused, "answered with 413", change)
        expect_once(aigc_adapter, content, set(), "after a 413")

    def test_an_update_survives_faults(self, aigc_adapter: AdapterSubject) -> None:
        """Each writing request of an update loses its answer. Then the target has the change, and nothing twice."""
        for nth, before, content in each_update(aigc_adapter):
            changed = aigc_adapter.changed(content)
            with aigc_adapter.fault("cut-after", nth):
                outcome(partial(aigc_adapter.publish, changed))
            expect_once(
                aigc_adapter, changed, before, f"after the answer to writing request {nth} of an update was lost"
            )

    def test_taking_back_survives_faults(self, aigc_adapter: AdapterSubject) -> None:
        """Each writing request of unpublishing loses its answer. It succeeds, if need be when called again."""
        _ = aigc_adapter.proxy
        if "unpublish" not in aigc_adapter.manifest.capabilities:
            not_applicable("the adapter has no 'unpublish' among its capabilities")
        writes = aigc_adapter.writes_of("unpublish", aigc_adapter.unpublish)
        for nth in range(1, writes + 1):
            before, content = aigc_adapter.things(), aigc_adapter.new()
            expect_once(aigc_adapter, content, before, "after publishing")
            with aigc_adapter.fault("cut-after", nth):
                outcome(partial(aigc_adapter.unpublish, content))
            failed = outcome(partial(aigc_adapter.unpublish, content))
            when = f"after the answer to writing request {nth} of unpublishing was lost"
            expect(failed is None, f"{when}: {failed}", rule="what is gone already is no error", change="ignore 404")
            expect_gone(aigc_adapter, before, when)


def _each(subject: AdapterSubject, kind: FaultKind) -> None:
    __tracebackhide__ = True
    for nth in subject.each_write():
        _one(subject, kind, nth)


def _one(subject: AdapterSubject, kind: FaultKind, nth: int) -> None:
    __tracebackhide__ = True
    before, content = subject.things(), subject.new()
    when = f"{kind} at writing request {nth}"
    with subject.fault(kind, nth) as fault:
        found = outcome(lambda: subject.publish(content))
    expect(
        not fault.outlasted.is_set(),
        f"{when}: it was waited for longer than four times AIGC_TIMEOUT_S",
        rule="there are time-outs everywhere",
        change="give the library a time-out, and let AIGC_TIMEOUT_S overrule it; Api does",
    )
    if isinstance(found, AdapterError):
        expect_error(found, TargetUnavailable, when, "map lost connections and 5xx to TargetUnavailable; Api does")
    else:
        expect(not isinstance(found, AigcError), f"{when}: {found}", rule="it is an AdapterError", change="see it")
    expect_once(subject, content, before, f"after {when}")
