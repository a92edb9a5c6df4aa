"""The journal of one publication, kept in the ledger: each step is done once, whatever breaks in between."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..contract.errors import ContentRefused, CredentialsRefused, PermissionRefused, TargetUnavailable, WriteConflict

if TYPE_CHECKING:
    from ..ledger import Publications

log = logging.getLogger(__name__)

TRIES = 3
_FIRST_PAUSE_S = 1.0
_REFUSALS = (CredentialsRefused, PermissionRefused, ContentRefused, WriteConflict)


class LedgerJournal:
    """See :class:`aigc_sdk.Journal`.

    Args:
        key: the publication, which the caller holds (:meth:`Publications.claimed`). sleep: for tests.
    """

    def __init__(self, publications: Publications, key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._publications = publications
        self.key = key
        self._sleep = sleep

    def once(
        self, step: str, make: Callable[[str], dict[str, Any]], find: Callable[[str], dict[str, Any] | None]
    ) -> dict[str, Any]:
        mark = mark_of(self.key, step)
        begun, result = self._publications.step(self.key, step)
        if result is not None:
            return result
        if begun and (result := find(mark)) is not None:
            log.info("%s: found what an earlier attempt had left", step)
        else:
            self._publications.begin_step(self.key, step)
            result = self._made(step, mark, make, find)
        self._publications.finish_step(self.key, step, result)
        return result

    def done(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        return self._publications.steps_done(self.key, prefix)

    def unfinished(self, prefix: str = "") -> dict[str, str]:
        return {step: mark_of(self.key, step) for step in self._publications.steps_unfinished(self.key, prefix)}

    def forget(self, step: str) -> None:
        self._publications.forget_steps(self.key, step)

    def _made(
        self,
        step: str,
        mark: str,
        make: Callable[[str], dict[str, Any]],
        find: Callable[[str], dict[str, Any] | None],
    ) -> dict[str, Any]:
        for attempt in range(1, TRIES + 1):
            try:
                return make(mark)
            except TargetUnavailable as error:
                if not error.may_have_happened:
                    self._publications.forget_steps(self.key, step)
                    raise
                if attempt == TRIES:
                    raise  # the step stays begun: the next run looks for it
                log.warning("%s: %s; looking whether it was done", step, error.what)
            except _REFUSALS:
                self._publications.forget_steps(self.key, step)  # there is nothing to look for
                raise
            self._sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
            if (found := find(mark)) is not None:
                return found
        raise AssertionError("the last attempt returns or raises")


def mark_of(key: str, step: str) -> str:
    """What is left at the target, to be found by: ``aigc-``, what the step is called, and 16 hexadecimal digits."""
    name = re.sub(r"[^a-z0-9]+", "-", step.lower()).strip("-")[:24].strip("-")
    return f"aigc-{name}-{sha256(f'{key}/{step}'.encode()).hexdigest()[:16]}"
