"""Too little memory: while loading, in the middle, at the end, for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ...contract.errors import AigcError, OutOfMemory
from ..scripts import ScriptedMemory
from ..subject import FIRST_SEED, Subject
from ..verdict import expect, not_applicable
from ..watch import MAX_RELIEFS

SCRIPTED = "an out-of-memory error that run() does not handle ends it; the engine frees memory and calls run() again"
START_OVER = "keep what an item needs in run()'s own variables, so that a second run starts over; let the error through"


class MemoryChecks:
    """Checks with an accelerator whose memory runs out where the kit says (:class:`ScriptedMemory`)."""

    def test_out_of_memory_while_loading(self, aigc_subject: Subject) -> None:
        """Memory runs out while the model loads: the job fails as OutOfMemory, and the next one loads it again.

        It runs out when the loader has got its files; as the loader returns, if it asks for none. Nobody calls
        ``close()`` then, because there is no runner.
        """
        subject = aigc_subject
        _ = subject.usual[0]
        subject.fresh()
        with subject.scripted(ScriptedMemory("load")):
            result = subject.run(0)
        assert isinstance(result, OutOfMemory), result
        subject.expect_usual(
            0,
            subject.run(0),
            "after memory ran out while loading,",
            rule="a loader can be called again after it failed, in the same process",
            change="keep no half-loaded model and no 'already loaded' flag in your module",
        )

    def test_out_of_memory_in_the_middle(self, aigc_subject: Subject) -> None:
        """Memory runs out at a step of a batch, once: every item finishes with its usual result."""
        _survives_once(aigc_subject, "middle")

    def test_out_of_memory_at_the_end(self, aigc_subject: Subject) -> None:
        """Memory runs out when everything is paid for (while decoding, say), once: every item has its usual result."""
        _survives_once(aigc_subject, "end")

    def test_out_of_memory_spares_batch_mates(self, aigc_subject: Subject) -> None:
        """Memory always runs out for one item: it fails as OutOfMemory, its batch-mates finish, the next one works."""
        subject = aigc_subject
        steps = subject.usual[1].seen.steps
        script = ScriptedMemory("middle", times=None, seed=FIRST_SEED + 1, stepless=not steps)
        with _loaded_for_itself(subject):
            results = subject.ended(subject.together((0, 1, 2, 3), script))
            again = subject.run(0)
        change = "let the error through; do not yield Failed for the others"
        for number in (0, 2, 3):
            result = results[number]
            what = f"when memory ran out for request 1 of its batch, request {number} failed: {result}"
            rule = "only the item that cannot run fails; its batch-mates finish"
            expect(not isinstance(result, AigcError), what, rule=rule, change=change)
        what = f"an item for which memory always runs out ended as {type(results[1]).__name__}: {results[1]}"
        rule = "what does not fit after every rung of the ladder fails as OutOfMemory"
        expect(isinstance(results[1], OutOfMemory), what, rule=rule, change=change)
        what = f"after memory ran out several times, a request failed: {again}"
        rule = "a runner works again as soon as there is memory"
        expect(not isinstance(again, AigcError), what, rule=rule, change=START_OVER)

    def test_relieve_comes_to_an_end(self, aigc_subject: Subject) -> None:
        """``relieve()`` offers each rung once, by name, and then None; the runner still works on the last rung."""
        subject = aigc_subject
        steps = subject.usual[0].seen.steps
        subject.watch.reliefs.clear()
        with _loaded_for_itself(subject):
            with subject.scripted(ScriptedMemory("middle", times=None, stepless=not steps)):
                subject.run(0)
            after = subject.run(0)
        rungs = subject.watch.reliefs
        if not rungs:
            not_applicable("the runner has no rungs of its own to take")
        rule = "relieve() takes the next rung and returns its name, or None if none is left"
        what = f"relieve() returned {', '.join(map(repr, rungs[:4]))}, ... ({len(rungs)} times)"
        whole = len(rungs) < MAX_RELIEFS and len(set(rungs)) == len(rungs) and all(isinstance(r, str) for r in rungs)
        expect(whole, what, rule=rule, change="return each rung's name once, then None")
        what = f"after the rungs {', '.join(rungs)} a request failed: {after}"
        expect(not isinstance(after, AigcError), what, rule=rule, change="try run() on each rung by itself")


@contextmanager
def _loaded_for_itself(subject: Subject) -> Iterator[None]:
    """A model that no other check has used or will use: rungs once taken stay in force until it is loaded anew."""
    subject.fresh()
    try:
        yield
    finally:
        subject.fresh()


def _survives_once(subject: Subject, where: Literal["middle", "end"]) -> None:
    __tracebackhide__ = True
    steps = subject.usual[0].seen.steps
    with _loaded_for_itself(subject):
        results = subject.ended(subject.together((0, 1, 2, 3), ScriptedMemory(where, stepless=not steps)))
    for number, result in enumerate(results):
        after = f"after memory ran out once, at the {where} of a run,"
        subject.expect_usual(number, result, after, rule=SCRIPTED, change=START_OVER, batched=True)
