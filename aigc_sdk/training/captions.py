"""Captions: the many ways people name a concept, a colour and a style, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .colours import CHINESE, COLOURS
from .concepts import Concept, Names

if TYPE_CHECKING:
    from numpy.random import Generator

STYLES: dict[str, dict[str, tuple[str, ...]]] = {
    "3d": {"en": ("3d", "3d", "3d", "3d render", "render", "glossy"), "zh": ("立体", "立体", "三维", "3d")},
    "flat": {"en": ("flat", "flat", "flat", "vector", "minimal"), "zh": ("扁平", "扁平", "矢量", "flat")},
    "cartoon": {"en": ("cartoon", "cartoon", "cartoon", "drawn", "comic"), "zh": ("卡通", "卡通", "漫画", "cartoon")},
}
"""Words for each style, the commoner ones more than once."""

_COLOUR_WORDS = {"en": {*COLOURS, "golden", "gold"}, "zh": {*CHINESE.values(), "色", "青", "金"}}


@dataclass(frozen=True)
class Example:
    """A caption, and what a picture of it shows.

    Attributes:
        group: what is measured together: the language, or "captions" where the captions are the user's own.
    """

    prompt: str
    concept: int
    style: str
    group: str


class Captions(Protocol):
    """Where the captions of pictures come from."""

    def draw(self, random: Generator, concept: int, style: str, colour: str | None = None) -> str:
        """One caption of a picture."""

    def words(self) -> Iterator[str]:
        """Every text a caption can be made of; the vocabulary is made of them."""

    def examples(self, styles: Sequence[str]) -> list[Example]:
        """Captions whose picture is known, to measure with."""


class Fixed:
    """The captions that came with the pictures.

    Args:
        captions: of each concept. Pictures with the same captions are one concept.
    """

    def __init__(self, captions: Sequence[tuple[str, ...]]) -> None:
        self.captions = captions

    def draw(self, random: Generator, concept: int, style: str, colour: str | None = None) -> str:
        """One of the picture's captions, as it is."""
        own = self.captions[concept]
        return own[random.integers(len(own))]

    def words(self) -> Iterator[str]:
        """All captions."""
        for own in self.captions:
            yield from own

    def examples(self, styles: Sequence[str]) -> list[Example]:
        """The first caption of each concept."""
        return [Example(own[0], place, "", "captions") for place, own in enumerate(self.captions)]


class Captioner:
    """Makes captions of concepts' names, with colours and styles."""

    def __init__(self, concepts: list[Concept]) -> None:
        self.concepts = concepts

    def draw(self, random: Generator, concept: int, style: str, colour: str | None = None) -> str:
        """One caption.

        Args:
            concept: position in the list of concepts.
            colour: the picture's colour where the caption shall say it.
        """
        language = "en" if random.random() < 0.5 else "zh"
        name = self._name(random, self.concepts[concept].names[language], language)
        if colour is not None:
            name = _coloured(random, name, colour, language)
        if random.random() < 0.2:
            return name
        words = STYLES[style][language]
        word = words[random.integers(len(words))]
        return f"{name}, {word}" if random.random() < 0.7 else f"{word} {name}"

    def _name(self, random: Generator, names: Names, language: str) -> str:
        share = random.random()
        if share < 0.44 and names.others:
            return names.others[random.integers(len(names.others))]
        if 0.44 <= share < 0.54 and names.rare:
            return names.rare[random.integers(len(names.rare))]
        if 0.54 <= share < 0.60 and names.tags:
            separator = " " if language == "en" else ""
            return names.label + separator + names.tags[random.integers(len(names.tags))]
        if share >= 0.9 and language == "en":
            return names.label.removesuffix(" face")
        return names.label

    def words(self) -> Iterator[str]:
        """Every text a caption can be made of; the vocabulary is made of them."""
        for concept in self.concepts:
            for names in concept.names.values():
                yield from (names.label, *names.others, *names.rare, *names.tags)
        for styles in STYLES.values():
            yield from (word for words in styles.values() for word in words)
        yield from (*COLOURS, *CHINESE.values(), "色", "gray", "golden")

    def examples(self, styles: Sequence[str]) -> list[Example]:
        """Each concept's label in each style and language."""
        return [
            Example(f"{names.label}, {STYLES[style][language][0]}", place, style, language)
            for place, concept in enumerate(self.concepts)
            for style in styles
            for language, names in concept.names.items()
        ]


def _coloured(random: Generator, name: str, colour: str, language: str) -> str:
    """The name with this colour in place of any other."""
    kept = without_colour(name, language)
    if language == "en":
        said = "gray" if colour == "grey" and random.random() < 0.5 else colour
        return f"{said} {kept}"
    return CHINESE[colour] + ("色" if random.random() < 0.6 else "") + ("的" if random.random() < 0.2 else "") + kept


def without_colour(name: str, language: str) -> str:
    """The name without the colour that it says itself, as it stands after another colour."""
    if language == "en":
        return " ".join(word for word in name.split() if word.lower() not in _COLOUR_WORDS["en"]) or name
    return re.sub("|".join(map(re.escape, sorted(_COLOUR_WORDS["zh"]))), "", name) or name
