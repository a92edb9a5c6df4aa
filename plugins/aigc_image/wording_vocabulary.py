"""The vocabulary beside a model: what it can draw, in which words it was told of it, and in which people ask for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel

from .wording_tokens import singulars, split

FILE = "wordings.json"
_MOST_BYTES = 4_000_000
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """What the captions of training call a thing, by language: alone, and after a colour word."""

    said: dict[str, str]
    after_colour: dict[str, str]


class Vocabulary:
    """See :func:`find`.

    Attributes:
        names: the thing's place in ``things``, by each of its names in pieces. hints: likewise, by words that only
            hint at it. styles, colours: what is meant, by its words in pieces.
        style_said, colour_said: the caption's word for each, by language.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.things: list[Thing] = []
        self.names: dict[Key, int] = {}
        self.hints: dict[Key, int] = {}
        for place, row in enumerate(content["things"]):
            self.things.append(
                Thing(
                    {language: str(words["say"]) for language, words in row.items()},
                    {language: str(words.get("after_colour", words["say"])) for language, words in row.items()},
                )
            )
            for words in row.values():
                self.names.update((_key(name), place) for name in words["names"])
                self.hints.update((_key(hint), place) for hint in words.get("hints", ()))
        self.styles, self.style_said = _words(content["styles"])
        self.colours, self.colour_said = _words(content["colours"])
        tables = (self.names, self.hints, self.styles, self.colours)
        self.longest = max(len(key) for table in tables for key in table)

    def thing(self, key: Key, table: dict[Key, int]) -> int | None:
        """The thing of a name or a hint, in singular or plural."""
        if key in table:
            return table[key]
        for word in singulars(key[-1]):
            if (*key[:-1], word) in table:
                return table[*key[:-1], word]
        return None


def _words(rows: dict[str, Any]) -> tuple[dict[Key, str], dict[str, dict[str, str]]]:
    """What is meant by each word that is read, and what is said for it."""
    read = {_key(word): name for name, row in rows.items() for words in row.values() for word in words["read"]}
    return read, {name: {language: str(words["say"]) for language, words in row.items()} for name, row in rows.items()}


def _key(text: str) -> Key:
    return tuple(split(text))


def find(folder: Path) -> Vocabulary | None:
    """The vocabulary of the model in a folder; None where it has none, as most have.

    Raises:
        CorruptModel: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        return Vocabulary(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptModel(
            f"{path} is no vocabulary of captions: {error!r}", plugin="image", fix="fetch or train the model again"
        ) from error
