"""Reads a free prompt as a caption that the model was trained on: "big red car in glossy 3d" as "red automobile, 3d".

Only for a model with a vocabulary beside it (:mod:`.wording_vocabulary`). What decides is the head of the first phrase
that names something: in English the last name before a preposition or a verb ("birthday cake with candles" is a cake,
"slice of pizza" a pizza), in Chinese the last before a particle or a verb. A style counts wherever it stands.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .wording_grammar import BACKGROUNDS, BEFORE_SINGLE, CONTAINERS, GENERIC, PLACES, STOPS, STOPS_WIDE
from .wording_tokens import BREAK, is_readable, is_wide, split
from .wording_vocabulary import Vocabulary

_MOST_WORDS, _LONGEST_WORD, _NEAREST = 8, 24, 3


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt was read as.

    Attributes:
        prompt: for the model. notes: for people. known: whether it names something that the model can draw.
    """

    prompt: str
    notes: tuple[str, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class _Piece:
    """A name, a style, a colour or a word that is none of them, with what it means."""

    words: tuple[str, ...]
    thing: int | None = None
    style: str | None = None
    colour: str | None = None

    @property
    def text(self) -> str:
        return ("" if is_wide(self.words[0]) else " ").join(self.words)

    @property
    def single(self) -> bool:
        """Whether it is one Chinese character, which may well be a part of a word."""
        return len(self.words) == 1 and is_wide(self.words[0])


def read(prompt: str, vocabulary: Vocabulary) -> Reading:
    """The caption for a prompt; the prompt itself where it names nothing that the model can draw."""
    words = split(prompt)
    if not any(word != BREAK for word in words):
        return Reading(prompt)
    pieces = _pieces(words, vocabulary)
    found = _head(pieces) or _hinted(words, vocabulary)
    if found is None:
        return Reading(prompt, (_unknown(words, vocabulary),), known=False)
    caption = _caption(*found, vocabulary)
    same = split(caption) == words
    return Reading(prompt if same else caption, () if same else (f"read as: {caption}",))


def _pieces(words: Sequence[str], vocabulary: Vocabulary) -> list[_Piece]:
    """The longest known words, from left to right."""
    pieces, place = [], 0
    while place < len(words):
        for end in range(min(len(words), place + vocabulary.longest), place, -1):
            key = tuple(words[place:end])
            thing = vocabulary.thing(key, vocabulary.names)
            piece = _Piece(key, thing, vocabulary.styles.get(key), vocabulary.colours.get(key))
            if piece.thing is not None or piece.style or piece.colour:
                break
        pieces.append(piece)
        place += len(piece.words)
    return pieces


def _head(pieces: list[_Piece]) -> tuple[list[_Piece], int] | None:
    """The pieces and the place of the name that the first phrase with one is about."""
    start = 0
    while start < len(pieces):
        end = next((k for k in range(start, len(pieces)) if pieces[k].words == (BREAK,)), len(pieces))
        head = _head_of_clause(pieces, start, end)
        if head is not None:
            return pieces, head
        start = end + 1
    return None


def _head_of_clause(pieces: list[_Piece], start: int, end: int) -> int | None:
    head = None
    for place in range(start, end):
        piece = pieces[place]
        if piece.thing is not None and (not piece.single or _stands_alone(pieces, start, place, end)):
            if head is None or head != place - 1 or piece.text not in GENERIC:
                head = place
        elif head is not None and piece.thing is None and _stops(pieces, head, place):
            break
    return head


def _stops(pieces: list[_Piece], head: int, place: int) -> bool:
    """Whether the phrase of a head ends at a place."""
    word = pieces[place].words[0]
    if is_wide(word):
        after = pieces[place + 1].words[0] if place + 1 < len(pieces) else ""
        return word in STOPS_WIDE and not (word in PLACES and after == "的")
    if word == "of" and place == head + 1 and pieces[head].words[-1] in CONTAINERS:
        return False
    return word in STOPS or (word.endswith("ing") and len(word) > 4)


def _stands_alone(pieces: list[_Piece], start: int, place: int, end: int) -> bool:
    """Whether a name of one character is a word of its own."""
    before, after = pieces[place - 1] if place > start else None, pieces[place + 1] if place + 1 < end else None
    begins = before is None or bool(before.style or before.colour or before.words[0] in BEFORE_SINGLE)
    begins = begins or (before is not None and not is_wide(before.words[-1]))
    ends = after is None or bool(after.style or not is_wide(after.words[0]) or after.words[0] in STOPS_WIDE)
    return begins and ends


def _hinted(words: Sequence[str], vocabulary: Vocabulary) -> tuple[list[_Piece], int] | None:
    """As :func:`_head`, by a word that only hints at a thing, at the end of a clause."""
    for place in range(len(words)):
        if place + 1 < len(words) and words[place + 1] != BREAK:
            continue
        for length in range(min(vocabulary.longest, place + 1), 0, -1):
            key = tuple(words[place + 1 - length : place + 1])
            thing = vocabulary.thing(key, vocabulary.hints)
            if thing is not None:
                before = _pieces(words[: place + 1 - length], vocabulary)
                return [*before, _Piece(key, thing), *_pieces(words[place + 1 :], vocabulary)], len(before)
    return None


def _caption(pieces: list[_Piece], head: int, vocabulary: Vocabulary) -> str:
    """As training writes it, in the language of the head: colour and name, then style.

    Where none is asked for it is the first one: of no style, the model draws the middle of all, which is blurred.
    """
    place = pieces[head].thing
    assert place is not None
    language = "zh" if any(map(is_wide, pieces[head].words)) else "en"
    thing = vocabulary.things[place]
    name = thing.said[language]
    colour = _colour(pieces, head)
    if colour is not None and colour not in {vocabulary.colours.get(key) for key in _parts(name)}:
        name = (
            vocabulary.colour_said[colour][language] + ("" if language == "zh" else " ") + thing.after_colour[language]
        )
    style = next((piece.style for piece in pieces if piece.style), next(iter(vocabulary.style_said)))
    return f"{name}, {vocabulary.style_said[style][language]}"


def _parts(name: str) -> list[tuple[str, ...]]:
    """The name's words, and in Chinese its pairs of characters too."""
    words = split(name)
    return [(word,) for word in words] + [*pairwise(words)]


def _colour(pieces: list[_Piece], head: int) -> str | None:
    """The colour that is said of the head: the last in its clause before it; else one that ends a phrase after it."""
    for place in range(head - 1, -1, -1):
        if pieces[place].words == (BREAK,):
            break
        if _is_colour(pieces, place):
            return pieces[place].colour
    named = False
    for place in range(head + 1, len(pieces)):
        named = (named or pieces[place].thing is not None) and pieces[place].words != (BREAK,)
        if not named and _is_colour(pieces, place) and _ends_phrase(pieces, place):
            return pieces[place].colour
    return None


def _is_colour(pieces: list[_Piece], place: int) -> bool:
    piece = pieces[place]
    after = pieces[place + 1] if place + 1 < len(pieces) else None
    if piece.colour is None or (after is not None and after.words[0] in BACKGROUNDS):
        return False
    # 红 in 红车 and 红的车, but not in 红薯.
    return not piece.single or after is None or after.thing is not None or after.words[0] in ("的", BREAK)


def _ends_phrase(pieces: list[_Piece], place: int) -> bool:
    after = pieces[place + 1] if place + 1 < len(pieces) else None
    return after is None or after.style is not None or after.words[0] in STOPS or after.words == (BREAK,)


def _unknown(words: Sequence[str], vocabulary: Vocabulary) -> str:
    """What to say of a prompt that names nothing known."""
    if not all(is_readable(word) for word in words if word != BREAK):
        return "the model reads English and Chinese; it found nothing in the prompt that it can draw"
    near = _nearest(words, vocabulary)
    more = f"; the nearest that it can: {', '.join(near)}" if near else ""
    return f"the prompt names nothing, in English or Chinese, that the model can draw{more}"


def _nearest(words: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """Names of things that are spelled nearly as the prompt's words are."""
    spelled = {"".join(key): thing for key, thing in vocabulary.names.items()}
    found: dict[str, None] = {}
    for word in _spoken(words)[:_MOST_WORDS]:
        language = "zh" if is_wide(word[0]) else "en"
        cutoff = 0.5 if language == "zh" else 0.8
        for name in difflib.get_close_matches(word[:_LONGEST_WORD], spelled, _NEAREST, cutoff):
            found.setdefault(vocabulary.things[spelled[name]].said[language])
    return list(found)[:_NEAREST]


def _spoken(words: Sequence[str]) -> list[str]:
    """Whole words: of Chinese, the characters between breaks together."""
    spoken: list[str] = []
    for before, word in pairwise((BREAK, *words)):
        if is_wide(word) and is_wide(before) and len(spoken[-1]) < _LONGEST_WORD:
            spoken[-1] += word
        elif word != BREAK and (is_wide(word) or len(word) > 2):
            spoken.append(word)
    return spoken
