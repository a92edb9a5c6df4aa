"""What comes out: events, artifact, receipt."""

from __future__ import annotations

import itertools

from ...contract.artifacts import AudioArtifact, TextArtifact
from ...contract.errors import AigcError
from ...contract.events import Completed, Delta, Progress, Queued, Started
from ...contract.receipt import Receipt
from ...engine.receipts import request_of
from ..media import contradictions
from ..subject import Subject
from ..verdict import expect, not_applicable


class OutputChecks:
    """Checks of what a plain request gives."""

    def test_a_plain_request_succeeds(self, aigc_subject: Subject) -> None:
        """The model loads and makes one artifact. Most other checks are skipped if it does not."""
        result = aigc_subject.run(0)
        expect(
            not isinstance(result, AigcError),
            f"the request failed: {result}",
            rule="run(items, context) yields (item.index, Completed(artifact)) for every item",
            change="run it by hand with AIGC_DEBUG=1 to see the traceback",
        )

    def test_events_come_in_order(self, aigc_subject: Subject) -> None:
        """Queued, Started, what the plugin yields, Completed; progress only goes up; nothing follows the end."""
        made = aigc_subject.usual[0]
        kinds = [type(event) for event in made.events]
        rule = "the events of a job are Queued, Started, any Delta, Progress or Preview, and one Completed or Failed"
        expect(
            kinds[:2] == [Queued, Started] and kinds[-1] is Completed,
            f"the events were {', '.join(kind.__name__ for kind in kinds)}",
            rule=rule,
            change="yield nothing but Delta, Progress, Preview and, last for each item, Completed or Failed",
        )
        steps = [(event.what, event.step, event.of) for event in made.events if isinstance(event, Progress)]
        pairs = itertools.pairwise(steps)
        expect(
            all(a[1] <= b[1] for a, b in pairs if a[0] == b[0]) and all(of is None or n <= of for _, n, of in steps),
            f"the progress was {', '.join(f'{step} of {of}' for _, step, of in steps)}",
            rule="Progress(step, of) counts up, and step is at most of",
            change="count the steps that are done, from 1",
        )
        strange = [what for run in aigc_subject.watch.runs for what in run.strange]
        expect(not strange, f"run() yielded {strange[:1]}", rule=rule, change="yield (item.index, event) pairs")
        expect(
            not made.seen.after_end,
            f"run() yielded {made.seen.after_end} more events for an item that was complete",
            rule="Completed or Failed is an item's last event",
            change="forget the item when you have yielded its Completed",
        )

    def test_deltas_add_up(self, aigc_subject: Subject) -> None:
        """What was streamed is the artifact: the text to the letter, the sound to its length."""
        made = aigc_subject.usual[0]
        deltas = [event for event in made.events if isinstance(event, Delta)]
        if not deltas:
            not_applicable("the plugin does not stream")
        rule = "the deltas of an item, put together, are its artifact"
        if isinstance(made.artifact, TextArtifact):
            streamed = "".join(delta.text for delta in deltas)
            what = f"streamed {streamed!r}, but the artifact is {made.artifact.text!r}"
            change = "build both from the same pieces; hold back what a later piece may still change"
            expect(streamed == made.artifact.text, what, rule=rule, change=change)
        elif isinstance(made.artifact, AudioArtifact):
            seconds = sum(len(delta.audio) / 2 / delta.sample_rate for delta in deltas if delta.sample_rate)
            what = f"streamed {seconds:.3f} s of sound, but the artifact has {made.artifact.duration_s:.3f} s"
            change = "Delta.audio is 16-bit mono PCM at Delta.sample_rate; yield every sample once"
            expect(abs(seconds - made.artifact.duration_s) <= 0.01 * max(seconds, 0.1), what, rule=rule, change=change)

    def test_artifact_is_what_it_says(self, aigc_subject: Subject) -> None:
        """The artifact is of the plugin's modality, is not empty, and its bytes are what its fields claim.

        Looked at: the file's first bytes against ``media_type``; sizes of PNG and GIF, rate and length of WAV.
        """
        artifact = aigc_subject.usual[0].artifact
        wrong = contradictions(artifact, aigc_subject.manifest.modality)
        expect(
            not wrong,
            "; ".join(wrong),
            rule="an artifact's fields describe its bytes; everything after the plugin trusts them",
            change="fill the fields from what was encoded, not from what was asked for",
        )

    def test_receipt_is_complete(self, aigc_subject: Subject) -> None:
        """The receipt names weights, libraries and units, survives JSON, and making it again gives the same bytes."""
        artifact = aigc_subject.usual[0].artifact
        receipt = artifact.receipt
        assert receipt is not None
        card, manifest = aigc_subject.card, aigc_subject.manifest
        expect(
            receipt.weights or not card.sources,
            "the receipt names no weights, though the model has files",
            rule="a receipt holds the sha256 of each model file",
            change="set self.weights = dict(files.sha256) on the runner, after files.folder()",
        )
        expect(
            receipt.libraries or not manifest.runner(receipt.plan.runner).requires,
            "the receipt names no libraries, though the runner requires some",
            rule="a receipt holds the versions of the libraries that computed",
            change='set libraries = ("distribution-name", ...) on the runner',
        )
        expect(
            any(unit == card.units or unit.endswith(f"_{card.units}") for unit in receipt.units),
            f"the receipt counts {', '.join(receipt.units) or 'nothing'}, not {card.units!r}",
            rule="what is counted (ModelCard.units) is in the receipt",
            change=f'yield Completed(artifact, {{"output_{card.units}": n}}), or correct ModelCard.units',
        )
        saved = Receipt.model_validate_json(receipt.model_dump_json())
        what = "the receipt is not the same after it was saved as JSON"
        expect(saved == receipt, what, rule="a receipt is JSON", change="count units in int or float")
        if any(aigc_subject.request().media_fields()):
            return  # a receipt names media by their hash only
        again_made = aigc_subject.client.submit(request_of(receipt))
        aigc_subject.expect_usual(
            0,
            aigc_subject.result(again_made),
            "made again from its receipt,",
            rule="a receipt is enough to make the artifact again",
            change="let nothing but the request, the seed and the model's files decide the result",
        )
