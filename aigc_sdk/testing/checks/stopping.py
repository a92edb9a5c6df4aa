"""Cancelling and deadlines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ...contract.errors import AigcError, Cancelled, DeadlineExceeded
from ...engine.job import Job
from ..scripts import PATIENCE_S, Stop
from ..subject import FIRST_SEED, Subject
from ..usual import FEW
from ..verdict import expect

RULE = "run() looks at context.cancelled(index) at every step and drops the item if it is true"
CHANGE = "at the top of each step: if context.cancelled(item.index): drop the item (nothing is yielded for it)"


class StoppingChecks:
    """Checks of cancelling and deadlines."""

    def test_cancel_takes_effect_within_a_step(self, aigc_subject: Subject) -> None:
        """A job is cancelled at its first step: at most one more step is made, and the next request works.

        The prompt has four sentences where the usual one makes few steps. A plugin that reports no steps (no Delta,
        Progress or Preview) is cancelled when it first looks at ``context.cancelled``, and must not complete the item.
        """
        job = _stopped(aigc_subject, Job.cancel)
        _expect_stopped(aigc_subject, job, "cancelled")
        assert isinstance(_error(job), Cancelled)

    def test_cancel_spares_batch_mates(self, aigc_subject: Subject) -> None:
        """When one item of a batch is cancelled, the others finish as if it had not been there."""
        subject = aigc_subject
        script = Stop(FIRST_SEED + 1, subject.usual[1].seen.steps, Job.cancel)
        results = subject.ended(subject.together((0, 1, 2, 3), script))
        for number in (0, 2, 3):
            subject.expect_usual(
                number,
                results[number],
                "when request 1 of its batch was cancelled,",
                rule="only the cancelled item is dropped; each other item gets its Completed",
                change="take the item out of the batch and go on; do not return from run()",
                batched=True,
            )

    def test_deadline_takes_effect_within_a_step(self, aigc_subject: Subject) -> None:
        """A job is past its deadline at its first step: as with cancelling, at most one more step is made."""
        job = _stopped(aigc_subject, _wait_for_the_end, deadline_s=0.3)
        _expect_stopped(aigc_subject, job, "past its deadline")
        assert isinstance(_error(job), DeadlineExceeded)


def _stopped(subject: Subject, stop: Callable[[Job], object], **fields: float) -> Job:
    """Runs a request of several steps, with the model loaded already, and stops it at its first step."""
    usual = subject.usual.longest
    assert usual.request.seed is not None
    script = Stop(usual.request.seed, usual.seen.steps, stop)
    with subject.scripted(script):
        job = subject.client.submit(usual.request.model_copy(update=fields))
        script.submitted([job])
        subject.result(job)
    return job


def _wait_for_the_end(job: Job) -> None:
    with contextlib.suppress(AigcError, TimeoutError):
        job.result(PATIENCE_S)


def _error(job: Job) -> object:
    return getattr(job.last, "error", None)


def _expect_stopped(subject: Subject, job: Job, how: str) -> None:
    __tracebackhide__ = True
    seen, steps = subject.watch.last_seen(job.request), subject.usual.longest.seen.steps
    assert seen is not None
    what = "run() never looked at context.cancelled()"
    expect(seen.asks, what, rule=RULE, change=CHANGE)
    what = f"when the item was {how} at its first step, {seen.after_stop} more events came (of {steps + 1})"
    expect(seen.after_stop <= (1 if steps > FEW else steps), what, rule=RULE, change=CHANGE)
    subject.expect_usual(
        0,
        subject.run(0),
        f"after a job was {how},",
        rule="a stopped item frees what it held; the next request works",
        change="keep nothing of an item on the runner; put what must be undone in a finally",
    )
