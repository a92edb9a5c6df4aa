"""Two publishers of one content at once."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from ....contract.adapter import Content
from ....contract.errors import AigcError, WriteConflict
from ....ledger import Ledger
from ....publishing import Published
from ...verdict import expect
from ..child import TARGET
from ..expecting import expect_error, expect_once
from ..subject import AdapterSubject, outcome

_PATIENCE_S = 60.0


class CrowdChecks:
    """Checks with several publishers."""

    def test_two_publishers_at_once(self, aigc_adapter: AdapterSubject) -> None:
        """While one is held at its first writing request, the other gets WriteConflict; then the first succeeds."""
        _ = aigc_adapter.usual
        content = aigc_adapter.new()
        with ThreadPoolExecutor(1) as pool, aigc_adapter.fault("hold") as fault:
            first = pool.submit(_publish, aigc_adapter, content)
            struck = _until(fault.struck.is_set, first)
            second = outcome(lambda: aigc_adapter.publish(content))
            fault.release.set()
            won = first.result(_PATIENCE_S)
        expect(
            struck and isinstance(won, Published),
            f"the first publisher: {won}",
            rule="the one that came first publishes",
            change="see the error",
        )
        expect_error(second, WriteConflict, "the second publisher", "publish through aigc_sdk.publishing.Publisher")
        expect_once(aigc_adapter, content, set(), "after two publishers at once")

    def test_an_adapter_works_beside_another(self, aigc_adapter: AdapterSubject) -> None:
        """Two publishers of two contents in two threads both succeed: an adapter keeps its state to itself."""
        before = aigc_adapter.things()
        contents = [aigc_adapter.new() for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda content: _publish(aigc_adapter, content), contents))
        failed = [str(one) for one in found if isinstance(one, AigcError)]
        for content in contents:
            aigc_adapter.publish(content)
        things = len(aigc_adapter.things() - before)
        expect(
            not failed and things == 2 * aigc_adapter.usual.things,
            f"two at once put {things} things at the target: {'; '.join(failed)}",
            rule="adapters share no state; what is shared at the target (tags, folders) may be there already",
            change="take it for made if the target says that it is there",
        )


def _publish(subject: AdapterSubject, content: Content) -> Published | AigcError:
    """With a ledger of its own, as another process has."""
    ledger = Ledger.from_settings(subject.settings.ledger)
    try:
        with subject.publisher(ledger) as publisher:
            return outcome(lambda: publisher.publish(content, TARGET))
    finally:
        ledger.close()


def _until(condition: object, first: Future[Published | AigcError]) -> bool:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and not first.done():
        if callable(condition) and condition():
            return True
        time.sleep(0.01)
    return False
