from __future__ import annotations

import pytest

from aigc_sdk import InvalidRequest
from aigc_sdk.contract.channels import (
    channels,
    check,
    clip_shapes,
    drawn_shapes,
    length,
    rules_of,
    shapes_of,
    written_rules,
)
from aigc_sdk.contract.channels.pictures import table as pictures
from aigc_sdk.contract.channels.texts import table


def test_every_row_is_dated_and_has_a_source():
    assert {rule.channel for rule in table()} == set(channels()) >= {"google-rsa", "meta-feed"}
    clips = [clip for channel in channels() for clip in clip_shapes(channel)]
    assert clips
    rows = [*table(), *pictures(), *clips]
    assert all(row.source.startswith("https://") and row.checked.year >= 2026 for row in rows)
    assert {row.channel for row in rows} == set(channels())


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


def test_what_is_given_is_not_written_or_drawn():
    assert {rule.field for rule in rules_of("google-display")} - {r.field for r in written_rules("google-display")} == {
        "business_name"
    }
    fields = [rule.field for rule in written_rules("meta-feed")]
    assert fields == ["primary_text", "headline"]  # once, whatever number of rows it has
    given = {shape.shape for shape in shapes_of("google-pmax")} - {shape.shape for shape in drawn_shapes("google-pmax")}
    assert given == {"logo", "landscape-logo"}


def test_a_field_may_have_advice_and_a_limit():
    assert [v.severity for v in check("meta-feed", "primary_text", ["x" * 2201])] == ["advice", "limit"]


def test_performance_max_wants_one_short_text():
    (found,) = check("google-pmax", "headline", ["x" * 16, "y" * 16, "z" * 30])
    assert (found.severity, found.what) == ("limit", "0 texts within 15 width where an ad has 1")
    assert check("google-pmax", "headline", ["x" * 15, "y" * 16, "z" * 30]) == []


@pytest.mark.parametrize(
    ("channel", "shape", "least"),
    [
        ("google-rsa", "landscape", (600, 314)),
        ("google-display", "logo", (128, 128)),
        ("google-display", "landscape-logo", (512, 128)),
        ("google-pmax", "portrait", (480, 600)),
        ("google-display", "leaderboard", (728, 90)),
    ],
)
def test_least_sizes(channel, shape, least):
    (row,) = (row for row in shapes_of(channel) if row.shape == shape)
    assert (row.min_width, row.min_height) == least
