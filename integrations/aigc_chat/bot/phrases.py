"""What the bot says by itself, in the reader's language."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml


@cache
def _phrases() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load(files(__package__).joinpath("phrases.yaml").read_text("utf-8"))
    return loaded


def phrase(name: str, language: str, **values: object) -> str:
    """A phrase of ``phrases.yaml`` with its blanks filled; in English for a language that the file lacks."""
    known = _phrases()
    return known.get(language, known["en"])[name].format(**values)
