"""What becomes of one answer: taken, with a score, or turned down, with a reason."""

from __future__ import annotations

import pytest

from aigc_sdk.campaign.copy_brief import in_language
from aigc_sdk.campaign.lines import Candidate, LineTask
from aigc_sdk.campaign.ranking import judge_all


@pytest.fixture
def judged(make_brief):
    def go(kind, given, *texts, source="fact:0", finish="stop", logprobs=None):
        brief = in_language(
            make_brief(facts=[given, "It is dishwasher-safe."]) if source == "fact:0" else make_brief(), "en"
        )
        task = LineTask(kind=kind, language="en", source=source, given=given)
        each = logprobs or [-1.0] * len(texts)
        candidates = [
            Candidate(task=task, seed=i, text=text, logprob=p, finish=finish)
            for i, (text, p) in enumerate(zip(texts, each, strict=True))
        ]
        return judge_all(candidates, {"en": brief})

    return go


def codes(line):
    return {reason.code for reason in line.reasons}


def test_what_covers_its_fact_is_kept(judged):
    (line,) = judged("sentence", "Thick walls keep coffee hot.", "Your mug has thick walls that keep your coffee hot.")
    assert line.kept
    assert line.score == pytest.approx(0.0)  # -1 for likelihood, +1 for saying all of it


@pytest.mark.parametrize(
    ("given", "text", "code"),
    [
        ("Thick walls keep coffee hot.", "Your mug has walls.", "off-topic"),
        ("It holds 350 ml.", "Your mug holds coffee.", "off-topic"),
        ("They can be washed at 30 °C.", "Your mug is washed at 30 °C.", "off-topic"),
        ("It is glazed red inside and out.", "A glazed red inside and out.", "grammar"),
        ("Two-year warranty", "It has two-year warranty.", "grammar"),
        ("It holds 350 ml.", "Your mug holds 350 ml", "unfinished"),
    ],
)
def test_what_says_something_else_is_not(judged, given, text, code):
    (line,) = judged("sentence", given, text)
    assert code in codes(line)


def test_a_cut_off_answer_is_not_kept(judged):
    (line,) = judged("sentence", "It holds 350 ml.", "Your mug holds 350 ml.", finish="length")
    assert "cut-off" in codes(line)


def test_what_the_model_finds_unlikely_falls_behind(judged):
    good, bad = judged(
        "sentence", "It holds 350 ml.", "Your mug holds 350 ml.", "This mug holds 350 ml.", logprobs=[-0.3, -3.0]
    )
    assert good.kept
    assert codes(bad) == {"unlikely"}


def test_of_two_kept_the_likelier_ranks_higher(judged):
    one, other = judged(
        "sentence", "It holds 350 ml.", "Your mug holds 350 ml.", "This mug holds 350 ml.", logprobs=[-0.8, -0.5]
    )
    assert other.score > one.score


def test_a_line_for_people_speaks_of_the_product_or_of_what_they_do(judged):
    given = "people who drink coffee at their desk"
    lines = judged(
        "hook_headline",
        given,
        "A mug for your desk",
        "Drink coffee at your desk",
        "Coffee at your desk",
        source="segment:x",
    )
    assert [line.kept for line in lines] == [True, True, False]
