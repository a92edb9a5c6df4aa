"""Concepts: what a picture shows, and its names in English and Chinese (Unicode's annotations and our own)."""

from __future__ import annotations

import collections
import json
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..contract.model import Closed
from .sets import key_of

LANGUAGES = ("en", "zh")


class Names(Closed):
    """What a concept is called in one language.

    Attributes:
        label: Unicode's short name.
        others: further names that mean the same.
        rare: keywords that at most two concepts share. tags: all keywords; they hint, but do not name.
    """

    label: str
    others: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Concept(Closed):
    """A code point with its names by language."""

    key: str
    names: dict[str, Names]


class Choice(Closed):
    """Which concepts are learned; see ``data/concepts.yaml``."""

    groups: tuple[str, ...] = ()
    subgroups: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    names: dict[str, dict[str, tuple[str, ...]]] = {}

    @classmethod
    def default(cls) -> Choice:
        """The choice that ships with the project."""
        import yaml

        return cls(
            **yaml.safe_load(files("aigc_sdk.training").joinpath("data/concepts.yaml").read_text(encoding="utf-8"))
        )


def choose(annotations: Path, available: Collection[str], choice: Choice) -> list[Concept]:
    """The chosen concepts that have a picture in every style, in the order of their keys.

    Args:
        annotations: unpacked ``emojibase-data``.
        available: keys that have a picture in every style.
    """
    folder = next(annotations.rglob("meta")).parent
    groups = json.loads((folder / "meta" / "groups.json").read_text(encoding="utf-8"))
    rows = {language: _rows(folder / language / "data.json") for language in LANGUAGES}

    def wanted(row: dict[str, Any]) -> bool:
        group = groups["groups"].get(str(row.get("group")))
        subgroup = groups["subgroups"].get(str(row.get("subgroup")))
        named = row["label"] in choice.also
        return named or (
            (group in choice.groups or subgroup in choice.subgroups) and row["label"] not in choice.without
        )

    keys = sorted(
        k for k, row in rows["en"].items() if k in rows["zh"] and k in available and "-" not in k and wanted(row)
    )
    return [Concept(key=key, names=_names(key, rows, keys, choice)) for key in keys]


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    return {key_of(row["hexcode"]): row for row in json.loads(path.read_text(encoding="utf-8"))}


def _names(key: str, rows: dict[str, dict[str, Any]], keys: list[str], choice: Choice) -> dict[str, Names]:
    ours = choice.names.get(rows["en"][key]["label"], {})
    made = {}
    for language in LANGUAGES:
        row = rows[language][key]
        tags = tuple(row.get("tags", ()))
        uses = _uses(language, rows, tuple(keys))
        rare = tuple(tag for tag in tags if uses[tag] <= 2)
        made[language] = Names(label=row["label"], others=ours.get(language, ()), rare=rare, tags=tags)
    return made


_counted: dict[tuple[str, tuple[str, ...]], collections.Counter[str]] = {}


def _uses(language: str, rows: dict[str, dict[str, Any]], keys: tuple[str, ...]) -> collections.Counter[str]:
    if (language, keys) not in _counted:
        tags = (tag for key in keys for tag in rows[language][key].get("tags", ()))
        _counted[language, keys] = collections.Counter(tags)
    return _counted[language, keys]
