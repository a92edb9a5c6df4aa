"""The dated table of the texts that each channel accepts, and the check against it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from ..errors import InvalidRequest, did_you_mean
from ..model import Closed

Unit = Literal["characters", "width"]
Kind = Literal["limit", "advice"]


class Count(Closed):
    """How many texts, or pictures, of one field or shape an ad has."""

    min: int = Field(ge=0)
    max: int = Field(ge=1)

    def __str__(self) -> str:
        return str(self.min) if self.min == self.max else f"{self.min} to {self.max}"


class Rule(Closed):
    """One row of ``texts.yaml``; its head explains the columns."""

    channel: str
    field: str
    kind: Kind
    unit: Unit
    count: Count = Count(min=0, max=1000)
    max_length: int = Field(ge=1)
    at_least: int | None = Field(default=None, ge=1)
    given: bool = False
    source: str
    checked: date
    note: str = ""

    def length(self, text: str) -> int:
        """The text's length as the platform counts it."""
        return length(text, self.unit)

    def fits(self, text: str) -> bool:
        """Whether the text is within ``max_length``."""
        return self.length(text) <= self.max_length


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with the texts of a field. ``severity``: ``limit`` (refused) or ``advice`` (cut off on screen)."""

    channel: str
    field: str
    severity: Kind
    what: str
    text: str | None = None


def length(text: str, unit: Unit) -> int:
    """Length of a text: in ``characters`` (code points), or in ``width`` (East Asian wide and full-width count 2)."""
    if unit == "characters":
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@cache
def table() -> tuple[Rule, ...]:
    """All rows, in the order of the file."""
    import yaml

    rows = yaml.safe_load(files(__package__).joinpath("texts.yaml").read_text("utf-8"))
    return tuple(Rule(**row) for row in rows)


def channels() -> tuple[str, ...]:
    """The channels that have rules."""
    return tuple(dict.fromkeys(rule.channel for rule in table()))


def rules_of(channel: str) -> tuple[Rule, ...]:
    """The rows of one channel. Raises InvalidRequest if it has none."""
    found = tuple(rule for rule in table() if rule.channel == channel)
    if not found:
        raise InvalidRequest(f"unknown channel {channel!r}", fix=did_you_mean(channel, channels()))
    return found


def written_rules(channel: str) -> tuple[Rule, ...]:
    """The first row of each field that a campaign writes texts for. Raises InvalidRequest for an unknown channel."""
    first: dict[str, Rule] = {}
    for row in rules_of(channel):
        if not row.given:
            first.setdefault(row.field, row)
    return tuple(first.values())


def rule(channel: str, field: str) -> Rule:
    """The first row of a field. Raises InvalidRequest for an unknown channel or field."""
    return _rows(channel, field)[0]


def _rows(channel: str, field: str) -> list[Rule]:
    rows = rules_of(channel)
    found = [row for row in rows if row.field == field]
    if not found:
        raise InvalidRequest(f"{channel} has no field {field!r}", fix=did_you_mean(field, {row.field for row in rows}))
    return found


def check(channel: str, field: str, texts: Sequence[str]) -> list[Violation]:
    """What the channel would refuse, or cut off, in the texts of one ad's field.

    A wrong number of texts, an empty text and a text given twice are refused by all channels.

    Raises:
        InvalidRequest: for an unknown channel or field.
    """
    rows = _rows(channel, field)
    found = [Violation(channel, field, "limit", what) for what in _counts(rows[0], texts)]
    found += [Violation(channel, field, "limit", "a text is empty", text) for text in texts if not text.strip()]
    for row in rows:
        long = [text for text in texts if not row.fits(text)]
        if row.at_least is None:
            sizes = ((text, row.length(text)) for text in long)
            found += [
                Violation(channel, field, row.kind, f"{size} of at most {row.max_length} {row.unit}", text)
                for text, size in sizes
            ]
        elif len(texts) - len(long) < row.at_least:
            what = f"{len(texts) - len(long)} texts within {row.max_length} {row.unit} where an ad has {row.at_least}"
            found.append(Violation(channel, field, row.kind, what))
    return found


def _counts(row: Rule, texts: Sequence[str]) -> Iterable[str]:
    if not row.count.min <= len(texts) <= row.count.max:
        yield f"{len(texts)} texts where an ad has {row.count}"
    if len({text.casefold().strip() for text in texts}) < len(texts):
        yield "a text is given twice"
