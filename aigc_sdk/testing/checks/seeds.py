"""Seeds: an item's result depends on its own request, never on its batch."""

from __future__ import annotations

from ...contract.artifacts import Artifact
from ..subject import Subject
from ..usual import contrast
from ..verdict import expect, not_applicable


class SeedChecks:
    """Checks of seeds."""

    def test_same_seed_same_result(self, aigc_subject: Subject) -> None:
        """The same request with the same seed makes the same bytes again."""
        usual = aigc_subject.usual
        first = usual[0].artifact
        again, before, where = contrast(usual.again, first)
        expect(
            usual.repeatable,
            f"the same request made {before} and then {again} ({where})",
            rule="an item's result depends on its request, its seed and the model's files, and on nothing else",
            change="draw from a generator of your own that starts with item.seed, such as random.Random(item.seed)",
        )

    def test_seed_does_not_depend_on_the_batch(self, aigc_subject: Subject) -> None:
        """Requests that run together, in any order, make the bytes that each makes by itself."""
        subject = aigc_subject
        if not subject.usual.repeatable:
            not_applicable("the same seed does not give the same result even by itself")
        if not subject.manifest.batch_invariant:
            not_applicable("the manifest says batch_invariant=False")
        batches = subject.usual.batches
        if subject.usual.shared < 2:
            not_applicable("no two items ever shared a run (see test_requests_can_share_a_run)")
        for order, results in batches.items():
            for number, result in zip(order, results, strict=True):
                usual = subject.usual[number].artifact
                same = isinstance(result, Artifact) and result.content() == usual.content()
                seen, alone, where = contrast(result, usual)
                expect(
                    same,
                    f"in a batch in the order {order}, request {number} made {seen}, not {alone} ({where})",
                    rule="an item's result never depends on what else is in the batch, or on its place there",
                    change="one generator per item; pad and mask; or say batch_invariant=False in the manifest",
                )

    def test_requests_can_share_a_run(self, aigc_subject: Subject) -> None:
        """Where the plan allows batches, requests that differ in prompt and seed only get equal batch keys."""
        subject = aigc_subject
        most = subject.manifest.runner(_plan_of(subject)).max_batch
        if most == 1:
            not_applicable("the runner takes one item at a time (max_batch=1)")
        _ = subject.usual.batches
        expect(
            subject.usual.shared > 1,
            f"max_batch is {most}, but four requests that differ in prompt and seed never ran together",
            rule="items whose batch_key() is equal may run together; the key is hashable",
            change="leave prompt and seed out of batch_key(), or set max_batch=1",
        )


def _plan_of(subject: Subject) -> str:
    receipt = subject.usual[0].artifact.receipt
    assert receipt is not None
    return receipt.plan.runner
