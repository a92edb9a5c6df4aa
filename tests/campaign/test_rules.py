from __future__ import annotations

import pytest

from aigc_sdk import InvalidRequest
from aigc_sdk.campaign import check
from aigc_sdk.campaign.rules import channels, length, rules_of, table


def test_every_row_is_dated_and_has_a_source():
    assert {rule.channel for rule in table()} == set(channels()) >= {"google-rsa", "meta-feed"}
    assert all(rule.source.startswith("https://") and rule.checked.year >= 2026 for rule in table())


@pytest.mark.parametrize(("text", "width"), [("mug", 3), ("马克杯", 6), ("350毫升", 7), ("ｍ", 2), ("é", 1)])
def test_google_counts_wide_characters_twice(text, width):
    assert length(text, "width") == width
    assert length(text, "characters") == len(text)


def test_within_the_limits_nothing_is_found():
    assert check("google-rsa", "headline", ["One", "Two", "x" * 30]) == []
    assert check("google-rsa", "headline", ["One", "Two", "杯" * 15]) == []


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["One", "Two"], "2 texts where an ad has 3 to 15"),
        (["One", "Two", "x" * 31], "31 of at most 30 width"),
        (["One", "Two", "杯" * 16], "32 of at most 30 width"),
        (["One", "Two", "two "], "given twice"),
        (["One", "Two", " "], "empty"),
        ([f"n{i}" for i in range(16)], "16 texts"),
    ],
)
def test_what_is_refused(texts, said):
    found = check("google-rsa", "headline", texts)
    assert [v.severity for v in found] == ["limit"]
    assert said in found[0].what


def test_advice_is_no_refusal():
    (found,) = check("meta-feed", "primary_text", ["x" * 126])
    assert found.severity == "advice"


def test_unknown_names_are_suggested():
    with pytest.raises(InvalidRequest, match="did you mean 'google-rsa'"):
        rules_of("google-rs")
    with pytest.raises(InvalidRequest, match="did you mean 'headline'"):
        check("google-rsa", "headlines", [])
