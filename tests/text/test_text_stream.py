"""Pieces of text: whole characters, no part of a stop string, nothing lost."""

from __future__ import annotations

import pytest
from aigc_text.text_stream import TextStream
from hypothesis import example, given
from hypothesis import strategies as st

from .fakes import small_tokenizer

TOKENIZER = small_tokenizer()
TEXTS = st.text(st.sampled_from("ab \n红é🎨the"), max_size=30)
STOPS = st.lists(st.text(st.sampled_from("ab \n红"), min_size=1, max_size=4), max_size=3)


def pieces(text: str, stop: list[str] | None = None, max_chars: int | None = None) -> tuple[list[str], TextStream]:
    stream = TextStream(TOKENIZER, TOKENIZER.encode("prompt "), stop or [], max_chars)
    given = []
    for token in TOKENIZER.encode(text):
        given.append(stream.push(token))
        if stream.ended:
            break
    return [*given, stream.finish()], stream


def cut(text: str, stop: list[str]) -> str:
    """The text before the stop string that is complete first; of several, the one that begins first."""
    for end in range(1, len(text) + 1):
        if found := [place for s in stop if (place := text[:end].find(s)) >= 0]:
            return text[: min(found)]
    return text


@given(TEXTS)
def test_the_pieces_make_up_the_text(text: str) -> None:
    given, stream = pieces(text)
    assert "".join(given) == text == stream.text
    assert not any("\ufffd" in piece for piece in given)


@given(st.text(st.sampled_from("ab \n红"), max_size=30), STOPS)
@example(" ab", ["a", " ab"])  # complete in one token: the first to be complete ends the text, not the first to begin
@example("ab", ["b", "ab"])
def test_nothing_of_a_stop_string_is_given_out(text: str, stop: list[str]) -> None:
    given, stream = pieces(text, stop)
    expected = cut(text, stop)
    assert "".join(given) == expected
    assert stream.ended == ("stop" if expected != text else None) or text.endswith(tuple(stop))


def test_a_stop_string_across_tokens_is_held_back_until_it_is_certain() -> None:
    given, stream = pieces("one ENx END two", ["END"])
    assert "".join(given) == "one ENx "
    assert stream.ended == "stop"
    assert given == ["on", "e", " ", "", "", "ENx", " ", "", "", "", ""]


@pytest.mark.parametrize("text", ["红色的杯子", "🎨🎨", "a🎨b"])
def test_max_chars_counts_code_points(text: str) -> None:
    given, stream = pieces(text, max_chars=2)
    assert "".join(given) == text[:2]
    assert stream.ended == "length"


def test_an_unfinished_character_at_the_end_is_dropped() -> None:
    stream = TextStream(TOKENIZER, [])
    for token in TOKENIZER.encode("a🎨")[:-1]:
        stream.push(token)
    assert stream.finish() == ""
    assert stream.text == "a"


def test_bytes_that_are_no_text_do_not_stop_what_follows() -> None:
    stream = TextStream(TOKENIZER, [])
    for token in [*TOKENIZER.encode("🎨")[:2], *TOKENIZER.encode("ok")]:
        stream.push(token)
    stream.finish()
    assert stream.text == "\ufffdok"
