"""The regular expressions that keep a small model to the brief: what they let through and what not."""

from __future__ import annotations

import re

import pytest

from aigc_sdk.campaign.constraint import can_say, line_regex
from aigc_sdk.campaign.language import language

ENGLISH = language("en")


def allows(kind: str, given: str, text: str, *, product="red ceramic mug", short="mug") -> bool:
    """Whether any of the openings lets the text through."""
    spec = ENGLISH.lines[kind]
    turns = range(len(spec.openings) * 2)
    patterns = [line_regex(spec, ENGLISH, product=product, short=short, given=given, turn=turn) for turn in turns]
    return any(re.fullmatch(pattern, text) for pattern in patterns if pattern)


@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [
        ("sentence", "It holds 350 ml.", "Your mug holds 350 ml."),
        ("sentence", "Thick walls keep coffee hot.", "Your mug has thick walls that keep your coffee hot."),
        ("sentence", "It is handmade in small batches.", "Your red ceramic mug is handmade in small batches."),
        ("sentence", "They can be washed at 30 °C.", "Your mug can be washed at 30 °C."),
        ("follow", "It is glazed red inside and out.", "It is glazed red inside and out."),
        ("headline", "It is dishwasher-safe.", "Dishwasher-safe."),
        ("headline", "The wide handle fits four fingers.", "A wide handle for four fingers."),
        ("hook", "people who drink coffee at their desk", "Drink coffee with a red ceramic mug at your desk."),
        (
            "hook",
            "people who look for a gift for a friend who loves tea",
            "A red ceramic mug for a friend who loves tea.",
        ),
        ("hook_headline", "freelance designers", "A mug for freelance designers."),
    ],
)
def test_good_lines_pass(kind, given, text):
    assert allows(kind, given, text)


@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [
        ("sentence", "It holds 350 ml.", "Your mug holds 500 ml."),
        ("sentence", "It holds 350 ml.", "Your mug is 350 ml."),
        ("sentence", "It is dishwasher-safe.", "Your mug has dishwasher-safe."),
        ("sentence", "It is handmade in small batches.", "Your mug is handmade in small."),
        ("sentence", "They can be washed at 30 °C.", "Your mug is washed at 30 °C."),
        ("sentence", "Thick walls keep coffee hot.", "Your mug has a walls."),
        ("headline", "It is glazed red inside and out.", "A glazed red inside and out."),
        ("hook", "people who walk in the hills", "Walk in hills with a red ceramic mug."),
        ("hook_headline", "freelance designers", "Designers for your mug."),
    ],
)
def test_bad_lines_do_not(kind, given, text):
    assert not allows(kind, given, text)


def test_plural_products_have_plural_words():
    assert allows("follow", "They come in four sizes.", "They come in four sizes.", product="wool socks", short="socks")
    assert not allows(
        "follow", "They come in four sizes.", "It comes in four sizes.", product="wool socks", short="socks"
    )


def test_an_order_is_no_statement_about_the_product():
    assert can_say(ENGLISH.lines["sentence"], "Send an invoice in two minutes.", ENGLISH)
    assert not can_say(ENGLISH.lines["follow"], "Send an invoice in two minutes.", ENGLISH)


def test_people_of_whom_nothing_more_is_known_are_told_what_they_do():
    assert allows("hook", "people who cycle", "Cycle with a red ceramic mug.")
    assert not allows("hook", "people who cycle", "A red ceramic mug for cycle.")


def test_chinese_is_not_constrained_word_by_word():
    spec = language("zh").lines["sentence"]
    assert line_regex(spec, language("zh"), product="杯子", short="杯子", given="红色。", turn=0) is None
