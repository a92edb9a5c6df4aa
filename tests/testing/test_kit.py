"""The kit: every check can fail, the echo plugin passes, and what is shown helps."""

from __future__ import annotations

import re

import pytest

from aigc_sdk import ImageArtifact, TextArtifact, UnknownPlugin
from aigc_sdk.testing.subject import Subject
from aigc_sdk.testing.usual import contrast

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


def test_what_differs_is_shown_of_results_that_look_alike() -> None:
    long = "A red mug stands on a table. " * 10
    one, two = TextArtifact(text=long + "It is warm."), TextArtifact(text=long + "It is wet.")
    shown, other, where = contrast(one, two)
    assert "It is warm." in shown
    assert "It is wet." in other
    assert len(shown) < 100
    assert where == "they differ from character 298 on"
    image = ImageArtifact(data=b"abc", width=1, height=1)
    longer = ImageArtifact(data=b"abcd", width=1, height=1)
    shown, other, where = contrast(image, longer)
    assert shown.startswith("image/png, 3 bytes, sha256:ba78")
    assert other.startswith("image/png, 4 bytes, sha256:88d4")
    assert where == "they differ from byte 4 on"


def test_the_same_seed_shows_the_results_that_were_compared() -> None:
    found = failures(BROKEN["test_same_seed_same_result"], ["test_same_seed_same_result"])
    message = found["test_same_seed_same_result"].splitlines()[0]
    first, again = re.fullmatch(
        r"the same request made (.+) and then (.+) \(they differ from .+ on\)", message
    ).groups()
    assert first != again


def test_an_unknown_plugin_suggests_the_nearest() -> None:
    with pytest.raises(UnknownPlugin, match="did you mean 'text'"):
        Subject("txet")
