"""Tries again what is worth it, with growing pauses."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aigc_sdk.contract.errors import AdapterError, InvalidRequest

T = TypeVar("T")

PAUSES_S = (1.0, 2.0, 4.0)
"""Between tries; one try more than pauses."""
LONGEST_PAUSE_S = 60.0
"""A longer pause that a platform asks for is the user's to wait."""
_TIMEOUT_S = 60.0


def timeout_s() -> float:
    """Seconds for the answer to one call: ``AIGC_TIMEOUT_S``, if it is set. Raises InvalidRequest if that is none."""
    named = os.environ.get("AIGC_TIMEOUT_S", "")
    try:
        seconds = float(named or _TIMEOUT_S)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        what = f"AIGC_TIMEOUT_S is {named!r}, and not a number of seconds"
        raise InvalidRequest(what, fix="export AIGC_TIMEOUT_S=60")
    return seconds


@dataclass(frozen=True, slots=True)
class Failure:
    """What a call came to.

    Attributes:
        busy: the platform did not do it, and asks to come later. pause_s: after so many seconds.
        passing: it may work the next time; whether it was done is not known.
    """

    error: AdapterError
    busy: bool = False
    passing: bool = False
    pause_s: float = 0.0


_Read = Callable[[Exception], Failure | None]


class Patience:
    """Calls that are tried again.

    Args:
        read: tells what an exception means; None lets it through. sleep: for tests.
    """

    def __init__(self, read: _Read, sleep: Callable[[float], None] | None = None) -> None:
        self._read = read
        self._sleep = sleep or time.sleep

    def call(self, function: Callable[[], T], *, repeatable: bool) -> T:
        """Calls, and again while the platform is busy.

        Args:
            repeatable: it may be done twice, so it is also tried again where nobody knows whether it was done.

        Raises:
            AdapterError: as read from the last exception.
        """
        for pause in (*PAUSES_S, None):
            try:
                return function()
            except Exception as error:
                failure = self._read(error)
                if failure is None:
                    raise
                again = failure.busy or (failure.passing and repeatable)
                if not again or pause is None or failure.pause_s > LONGEST_PAUSE_S:
                    # The client's own exception may show the address called, with the token in it.
                    raise failure.error from None
                self._sleep(max(pause, failure.pause_s))
        raise AssertionError("the last try returns or raises")
