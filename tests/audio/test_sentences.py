"""Where a text is cut."""

from __future__ import annotations

import pytest
from aigc_audio.sentences import FIRST_LONGEST, PAUSES, pieces
from hypothesis import given
from hypothesis import strategies as st


def cut(text: str, longest: int = 300) -> list[str]:
    return [piece.text for piece in pieces(text, longest)]


def test_sentences_end_at_their_marks() -> None:
    assert cut("One. Two! Three? “Four.” Five") == ["One.", "Two!", "Three?", "“Four.”", "Five"]
    assert cut("今天很好。你呢？好！") == ["今天很好。", "你呢？", "好！"]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Lee and Mrs. Brown met J. K. Rowling in the U.K. office.",
        "It costs $3.50 at No. 5, e.g. on Monday.",
        "He works for Acme Inc. in Boston.",
        "Wait... what is that?",
    ],
)
def test_points_that_end_no_sentence(text: str) -> None:
    assert cut(text) == [text]


def test_wrapped_lines_are_joined_and_headings_are_not() -> None:
    text = "A Heading\n\nThis line is long enough that an editor wrapped\nit here. Next.\nshort\nlines"
    assert cut(text) == [
        "A Heading",
        "This line is long enough that an editor wrapped it here.",
        "Next.",
        "short",
        "lines",
    ]


def test_pauses_grow_with_the_break_and_none_follows_the_end() -> None:
    found = [piece.pause_s for piece in pieces("One. Two.\n\nThree.", 300)]
    assert found == [PAUSES["sentence"], PAUSES["paragraph"], PAUSES["none"]]


def test_the_first_piece_is_short_so_that_sound_comes_early() -> None:
    found = cut("word " * 100, 240)
    assert len(found[0]) <= FIRST_LONGEST
    assert all(len(piece) <= 240 for piece in found)


def test_long_sentences_are_cut_at_clauses() -> None:
    text = "This is the first clause of it, and this is the second clause of it, and here comes the third one of all."
    assert cut(text, 60)[0] == "This is the first clause of it,"


@given(st.text(alphabet="ab .,!?\n。，中文1", max_size=400), st.integers(5, 80))
def test_nothing_that_can_be_spoken_is_lost(text: str, longest: int) -> None:
    said = "".join(c for piece in cut(text, longest) for c in piece if c.isalnum())
    assert said == "".join(c for c in text if c.isalnum())
