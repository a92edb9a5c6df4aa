"""Stop strings and bounds: the text is the same however it is cut into pieces, and what was given out stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from aigc_text.bounded_text import BoundedText
from hypothesis import example, given
from hypothesis import strategies as st

TEXTS = st.text(st.sampled_from("ab \n红"), max_size=30)
STOPS = st.lists(st.text(st.sampled_from("ab \n红"), min_size=1, max_size=4), max_size=3)


def told(pieces: list[str], stop: list[str], max_chars: int | None = None) -> tuple[str, str | None]:
    """The text that comes out, as streamed, and why it ended."""
    bounded = BoundedText(stop, max_chars)
    given = [bounded.push(piece) for piece in pieces] + [bounded.finish()]
    assert "".join(given) == bounded.text
    return bounded.text, bounded.ended


@given(TEXTS, STOPS, st.lists(st.integers(0, 30)), st.none() | st.integers(1, 30))
@example(" ab", ["a", " ab"], [], None)
def test_the_pieces_do_not_matter(text: str, stop: list[str], cuts: list[int], most: int | None) -> None:
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    in_pieces = told([text[start:end] for start, end in pairwise(places)], stop, most)
    assert in_pieces == told([text], stop, most) == told(list(text), stop, most)


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        (" ab", ["a", " ab"], " "),  # complete first, though the other begins first
        ("xab", ["b", "ab"], "x"),  # complete at the same character: the one that begins first
        ("one ENx END two", ["END"], "one ENx "),
        ("aab", ["ab"], "a"),
    ],
)
def test_what_is_complete_first_ends_the_text(text: str, stop: list[str], expected: str) -> None:
    assert told([text], stop) == (expected, "stop")


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("abcd", [], ("abc", "length")),
        ("abc", [], ("abc", "length")),  # whether more would have come is not waited for
        ("abcSTOP", ["cSTOP"], ("ab", "stop")),
        ("abc", ["cSTOP"], ("abc", None)),
        ("abcSOS", ["cSTOP"], ("abc", "length")),
    ],
)
def test_a_bound_counts_what_is_certain(text: str, stop: list[str], expected: tuple[str, str | None]) -> None:
    assert told([text], stop, 3) == expected
