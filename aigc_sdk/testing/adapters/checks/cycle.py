"""A publication's life: published, read back, unchanged, changed, taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial

from ....contract.errors import WriteConflict
from ....publishing import Published
from ...verdict import expect, not_applicable
from ..expecting import expect_error, expect_gone, expect_once
from ..subject import AdapterSubject, outcome

_LATER = timedelta(days=2)


class CycleChecks:
    """Checks of publishing, updating and taking back, without faults."""

    def test_published_and_read_back(self, aigc_adapter: AdapterSubject) -> None:
        """What was published is at the target, seen by another client; the adapter reads it back as it was sent.

        The publication has ids, and its links are web addresses.
        """
        published = expect_once(aigc_adapter, aigc_adapter.new(), set(), "after publishing")
        publication = published.publication
        links = [link for link in publication.links.values() if not link.startswith(("http://", "https://"))]
        texts = all(isinstance(value, str) for value in (*publication.ids.values(), *publication.links.values()))
        expect(
            publication.ids and texts and not links,
            f"ids are {publication.ids}, links are {publication.links}",
            rule="a Publication has the target's ids, as texts, and links to where it is seen or edited",
            change="fill Publication.ids and links",
        )
        expect(
            published.findings,
            "verify() found nothing",
            rule="verify() reads back what the target holds, a Finding for each thing compared",
            change="compare words, state and media with the package",
        )
        expect(
            aigc_adapter.things(),
            "publishing succeeded, and held() is as before",
            rule="what was published is at the target",
            change="publish() creates it; or held() in your suite does not look where it is",
        )
        json.dumps([publication.ids, publication.links])

    def test_the_same_again_sends_nothing(self, aigc_adapter: AdapterSubject) -> None:
        """Published as it is a second time, it is ``unchanged``: no request writes, and verify() passes."""
        content = aigc_adapter.new()
        first = expect_once(aigc_adapter, content, set(), "after publishing")
        since = aigc_adapter.passed
        again = expect_once(aigc_adapter, content, set(), "after publishing the same again")
        writes = aigc_adapter.writes(since)
        expect(
            again.change == "unchanged" and not writes,
            f"the same content again was {again.change!r}, with {writes} writing requests",
            rule="what is at the target as it is now is not sent again",
            change="leave times and random names out of the payload, and writes out of verify()",
        )
        expect(
            again.publication == first.publication,
            "the second time gave another publication",
            rule="the same publication is the same",
            change="verify() does not change it",
        )

    def test_changed_is_an_update(self, aigc_adapter: AdapterSubject) -> None:
        """Other words and another picture replace the old ones: as many things at the target as before."""
        _needs(aigc_adapter, "update")
        content = aigc_adapter.new()
        expect_once(aigc_adapter, content, set(), "after publishing")
        updated = expect_once(aigc_adapter, aigc_adapter.changed(content), set(), "after publishing it changed")
        expect(
            updated.change == "updated",
            f"a changed content was {updated.change!r}",
            rule="the same id again is an update",
            change="the package shows every change",
        )

    def test_every_state_can_be_had(self, aigc_adapter: AdapterSubject) -> None:
        """In each state of the manifest it is published, read back, and recorded with that state."""
        later = datetime.now(UTC).replace(microsecond=0) + _LATER
        for state in aigc_adapter.manifest.states:
            at = later if state == "scheduled" else None
            content = aigc_adapter.new()
            found = outcome(partial(aigc_adapter.publish, content, state=state, at=at))
            told = str(found) if not isinstance(found, Published) else found.publication.state
            failed = [one.what for one in found.findings if not one.passed] if isinstance(found, Published) else []
            expect(
                told == state and not failed,
                f"published as {state!r}: {told} {'; '.join(failed)}",
                rule="AdapterManifest.states are those in which it can publish, and a Publication says its own",
                change="publish in this state, or take it out of the manifest",
            )

    def test_taken_back_it_is_gone(self, aigc_adapter: AdapterSubject) -> None:
        """Unpublishing removes all of it, media included; then it can be published anew."""
        _needs(aigc_adapter, "unpublish")
        content = aigc_adapter.new()
        expect_once(aigc_adapter, content, set(), "after publishing")
        failed = outcome(lambda: aigc_adapter.unpublish(content))
        expect(failed is None, f"unpublishing: {failed}", rule="it can be taken back", change="see the error")
        expect_gone(aigc_adapter, set(), "after unpublishing")
        expect_once(aigc_adapter, content, set(), "published anew after unpublishing")

    def test_what_others_changed_is_not_overwritten(self, aigc_adapter: AdapterSubject) -> None:
        """After somebody has changed it at the target, an update is WriteConflict, and their change stays.

        Needs ``Target.edit``.
        """
        _needs(aigc_adapter, "update")
        if aigc_adapter.target.edit is None:
            not_applicable("the target says no way to edit a publication")
        content = aigc_adapter.new()
        published = expect_once(aigc_adapter, content, set(), "after publishing")
        aigc_adapter.target.edit(published.publication)
        since = aigc_adapter.passed
        found = outcome(lambda: aigc_adapter.publish(aigc_adapter.changed(content)))
        change = "keep the target's version or time of change in Publication.ids, and compare it before the update"
        expect_error(found, WriteConflict, "updated after somebody had edited it", change)
        writes = aigc_adapter.writes(since)
        expect(
            not writes,
            f"the conflict was seen after {writes} writing requests",
            rule="a conflict changes nothing at the target",
            change="compare first, upload then",
        )


def _needs(subject: AdapterSubject, capability: str) -> None:
    if capability not in subject.manifest.capabilities:
        not_applicable(f"the adapter has no {capability!r} among its capabilities")
