"""``kill -9`` between any two steps: the next run, in another process, goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ....contract.adapter import Content
from ...verdict import expect
from ..expecting import each_update, expect_gone, expect_once
from ..proxy import FaultKind
from ..subject import AdapterSubject, outcome


class KillChecks:
    """Checks in which a publishing process of its own is killed at each of its writing requests."""

    def test_killed_before_a_write(self, aigc_adapter: AdapterSubject) -> None:
        """Killed when the request has been sent, and has not reached the target; then published by another process."""
        _each(aigc_adapter, "kill-before", lambda content: content)

    def test_killed_after_a_write(self, aigc_adapter: AdapterSubject) -> None:
        """Killed when the target has done what was asked, and nobody has heard its answer: no orphan is left that the
        next process does not find."""
        _each(aigc_adapter, "kill-after", lambda content: content)

    def test_killed_and_then_changed(self, aigc_adapter: AdapterSubject) -> None:
        """As above, but what is published next has other words and another picture: the target has these, and no
        others."""
        _each(aigc_adapter, "kill-after", aigc_adapter.changed)

    def test_killed_in_an_update(self, aigc_adapter: AdapterSubject) -> None:
        """Killed after each writing request of an update, which another process then does again: it is no conflict."""
        for nth, before, content in each_update(aigc_adapter):
            changed = aigc_adapter.changed(content)
            aigc_adapter.killed(changed, "kill-after", nth)
            expect_once(aigc_adapter, changed, before, f"killed after writing request {nth} of an update")

    def test_killed_in_an_update_and_taken_back(self, aigc_adapter: AdapterSubject) -> None:
        """Killed as above, and then unpublished: nothing is left, neither of the publication nor of the update."""
        for nth, before, content in each_update(aigc_adapter, "unpublish"):
            aigc_adapter.killed(aigc_adapter.changed(content), "kill-after", nth)
            when = f"killed after writing request {nth} of an update, and taken back"
            failed = outcome(partial(aigc_adapter.unpublish, content))
            expect(failed is None, f"{when}: {failed}", rule="it can be taken back", change="see the error")
            expect_gone(
                aigc_adapter,
                before,
                when,
                change="have sweep(journal) remove what journal.done() and unfinished() tell",
            )


def _each(subject: AdapterSubject, kind: FaultKind, then: Callable[[Content], Content]) -> None:
    __tracebackhide__ = True
    for nth in subject.each_write():
        before, content = subject.things(), subject.new()
        expect(
            subject.killed(content, kind, nth),
            f"the process that publishes ended before its writing request {nth}",
            rule="in another process a publication asks the same as in this one",
            change="keep no state in the module; its errors are on standard error",
        )
        expect_once(subject, then(content), before, f"killed {kind.partition('-')[2]} writing request {nth}")
