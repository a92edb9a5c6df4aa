"""Can training draw this text as a caption? Then a right answer to it is recall, and shows less."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ..training.captions import STYLES
from ..training.colours import CHINESE, COLOURS
from ..training.concepts import Concept, Names

_COLOUR_WORDS = re.compile(
    r"\b(" + "|".join([*COLOURS, "gray", "golden", "gold"]) + r")\b|[" + "".join(CHINESE.values()) + "色青金的]"
)


class Wordings:
    """All captions of :class:`~aigc_sdk.training.captions.Captioner`, and a few more: colours are not looked at.

    Args:
        spelled: how texts are compared, such as by their tokens; letter by letter, but for case, if not given.
    """

    def __init__(self, concepts: Iterable[Concept], spelled: Callable[[str], str] = str.casefold) -> None:
        self._spelled = spelled
        self._names = {self._plain(name) for concept in concepts for name in _names(concept)}
        self._styles = {spelled(word) for styles in STYLES.values() for words in styles.values() for word in words}

    def __contains__(self, text: str) -> bool:
        return any(self._plain(name) in self._names for name in self._without_style(self._spelled(text)))

    def _plain(self, name: str) -> str:
        return "".join(_COLOUR_WORDS.sub(" ", self._spelled(name)).split())

    def _without_style(self, text: str) -> Iterator[str]:
        yield text
        for word in self._styles:
            if text.startswith(word):
                yield text.removeprefix(word).strip(" ,")
            if text.endswith(word):
                yield text.removesuffix(word).strip(" ,")


def _names(concept: Concept) -> Iterator[str]:
    for language, names in concept.names.items():
        yield from _of_one(names, " " if language == "en" else "")


def _of_one(names: Names, separator: str) -> Iterator[str]:
    yield from (names.label, names.label.removesuffix(" face"), *names.others, *names.rare)
    yield from (names.label + separator + tag for tag in names.tags)
