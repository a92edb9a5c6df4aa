"""The kit: every check can fail, the echo plugin passes, and what is shown helps."""

from __future__ import annotations

import pytest

from aigc_sdk import UnknownPlugin
from aigc_sdk.testing.subject import Subject

from .broken import BROKEN
from .kit import CHECKS, OUTSIDE, failures

ECHO = "aigc_sdk.testing.echo:ECHO"


@pytest.mark.parametrize("plugin", [ECHO, "tests.testing.broken:GOOD"])
def test_a_good_plugin_passes(plugin: str) -> None:
    assert failures(plugin) == {}


def test_every_check_has_a_plugin_that_fails_it() -> None:
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_a_broken_plugin_fails_its_check_and_no_other(check: str) -> None:
    # A process of its own takes a second or two: the checks that need one look only at plugins that are broken there.
    checks = [name for name in CHECKS if (name in OUTSIDE) == (check in OUTSIDE)]
    found = failures(BROKEN[check], checks)
    assert list(found) == [check], "\n".join(found.values())
    assert "contract: " in found[check]
    assert "change: " in found[check]


def test_an_unknown_plugin_suggests_the_nearest() -> None:
    with pytest.raises(UnknownPlugin, match="did you mean 'text'"):
        Subject("txet")
