from __future__ import annotations

import pytest

from aigc_sdk.campaign.copy_brief import in_language
from aigc_sdk.campaign.language import language
from aigc_sdk.campaign.wording import check_wording


@pytest.fixture
def brief(make_brief):
    return in_language(make_brief(), "en")


def codes(text, brief, *, sentence):
    found = check_wording(text, sentence=sentence, brief=brief, language=language("en"))
    return {objection.code for objection in found}


@pytest.mark.parametrize(
    "text", ["Your mug holds 350 ml.", "Handmade in small batches. Order yours today.", "Is it yours?"]
)
def test_good_sentences(brief, text):
    assert codes(text, brief, sentence=True) == set()


@pytest.mark.parametrize("text", ["Holds 350 ml", "350 ml for your coffee", "A mug for an evening", "A gift for you"])
def test_good_headlines(brief, text):
    assert codes(text, brief, sentence=False) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("Your mug holds 350 ml", "unfinished"),
        ("your mug holds 350 ml.", "capital"),
        ("Your mug  holds 350 ml.", "spacing"),
        ("Your mug holds , 350 ml.", "markup"),
        ("**Your** mug holds 350 ml.", "markup"),
        ("Your mug (red holds 350 ml.", "unbalanced"),
        ('Your "mug holds 350 ml.', "unbalanced"),
        ("Your mug is handmade in small.", "dangling"),
        ("Your mug comes in a.", "dangling"),
        ("Your mug holds 350 ml and.", "dangling"),
        ("Your mug mug holds 350 ml.", "repeats"),
        ("A mug is a mug.", "repeats"),
        ("Your mug is a handmade in a the box.", "grammar"),
        ("It comes in an gift box.", "grammar"),
        ("It is made in a small batches.", "grammar"),
        ("A mug that is the one that is red.", "grammar"),
        ("BUY your mug TODAY.", "shouting"),
        ("Your mug! Order yours today!", "punctuation"),
    ],
)
def test_bad_sentences(brief, text, code):
    assert code in codes(text, brief, sentence=True)


@pytest.mark.parametrize("text", ["Holds 350 ml.", "A mug for you!", "Holds 350 ml,"])
def test_a_headline_has_no_final_punctuation(brief, text):
    assert "punctuation" in codes(text, brief, sentence=False)
