"""The vocabulary that goes beside an exported model, so that free prompts can be read as the captions it knows.

``aigc_image.wording`` reads it. One JSON object: ``styles`` and ``colours`` by name, ``things`` in a list; of each, by
language, ``say`` (the caption's word) and what people say for it: ``read``, or ``names`` and the weaker ``hints``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any

from ..contract.model import Closed
from .captions import STYLES, without_colour
from .colours import CHINESE, COLOURS
from .concepts import LANGUAGES, Concept

FILE = "wordings.json"
_SHORTEST_HINT = {"en": 4, "zh": 2}


class Synonyms(Closed):
    """Words that mean the same as those of the captions, by language; see ``data/synonyms.yaml``."""

    styles: dict[str, dict[str, tuple[str, ...]]] = {}
    colours: dict[str, dict[str, tuple[str, ...]]] = {}
    things: dict[str, dict[str, tuple[str, ...]]] = {}

    @classmethod
    def default(cls) -> Synonyms:
        """The table that ships with the project."""
        import yaml

        path = files("aigc_sdk.training").joinpath("data/synonyms.yaml")
        return cls(**yaml.safe_load(path.read_text(encoding="utf-8")))


def vocabulary(concepts: Sequence[Concept], synonyms: Synonyms) -> dict[str, Any]:
    """The file's content. Every name and hint stands under one thing: of several, the one whose word it is most."""
    names, hints = _owned(concepts, synonyms)
    return {
        "styles": {
            style: {
                language: _words(said[language], synonyms.styles.get(style, {}).get(language, ()))
                for language in LANGUAGES
            }
            for style, said in STYLES.items()
        },
        "colours": {
            colour: {
                "en": _words((colour,), synonyms.colours.get(colour, {}).get("en", ())),
                "zh": _words((CHINESE[colour] + "色", CHINESE[colour]), synonyms.colours.get(colour, {}).get("zh", ())),
            }
            for colour in COLOURS
        },
        "things": [
            {
                language: _thing(concept, language, names[language][place], hints[language][place])
                for language in LANGUAGES
            }
            for place, concept in enumerate(concepts)
        ],
    }


def text(concepts: Sequence[Concept], synonyms: Synonyms) -> str:
    """The file's text, a thing to a line."""
    content = vocabulary(concepts, synonyms)
    things = ",\n".join(json.dumps(thing, ensure_ascii=False) for thing in content.pop("things"))
    return json.dumps(content, ensure_ascii=False)[:-1] + f', "things": [\n{things}\n]}}\n'


def _words(said: Iterable[str], also: Iterable[str]) -> dict[str, Any]:
    read = list(dict.fromkeys((*said, *also)))
    return {"say": read[0], "read": read}


def _thing(concept: Concept, language: str, names: list[str], hints: list[str]) -> dict[str, Any]:
    label = concept.names[language].label
    bare = without_colour(label, language)
    after = {"after_colour": bare} if bare != label else {}
    return {"say": label, **after, "names": names, "hints": hints}


def _owned(concepts: Sequence[Concept], synonyms: Synonyms) -> tuple[dict[str, list[list[str]]], ...]:
    """Names and hints by language and thing."""
    names: dict[str, list[list[str]]] = {language: [[] for _ in concepts] for language in LANGUAGES}
    hints: dict[str, list[list[str]]] = {language: [[] for _ in concepts] for language in LANGUAGES}
    for language in LANGUAGES:
        taken: set[str] = set()
        for weak, place, name in _claims(concepts, synonyms, language):
            key = name.casefold()
            if key in taken or (weak and len(name) < _SHORTEST_HINT[language]):
                continue
            taken.add(key)
            (hints if weak else names)[language][place].append(name)
    return names, hints


def _claims(concepts: Sequence[Concept], synonyms: Synonyms, language: str) -> Iterator[tuple[bool, int, str]]:
    """Whether a word only hints at a thing, the thing's place, the word; those that mean it most first."""
    named = [concept.names[language] for concept in concepts]
    by_strength: tuple[list[tuple[str, ...]], ...] = (
        [(names.label,) for names in named],
        [synonyms.things.get(concept.names["en"].label, {}).get(language, ()) for concept in concepts],
        [(names.label.removesuffix(" face"),) for names in named],
        [names.others for names in named],
        [names.rare for names in named],
    )
    for words in by_strength:
        for place, said in enumerate(words):
            yield from ((words is by_strength[-1], place, word) for word in said)
