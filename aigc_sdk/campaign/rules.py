"""The dated table of what each channel accepts, and the check against it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import Field

from ..contract.errors import InvalidRequest, did_you_mean
from ..contract.model import Closed

Unit = Literal["characters", "width"]
Kind = Literal["limit", "advice"]


class Count(Closed):
    """How many texts of one field an ad has."""

    min: int = Field(ge=0)
    max: int = Field(ge=1)


class Rule(Closed):
    """One row of ``rules.yaml``; its head explains the columns."""

    channel: str
    field: str
    kind: Kind
    unit: Unit
    count: Count
    max_length: int = Field(ge=1)
    source: str
    checked: date
    note: str = ""

    def length(self, text: str) -> int:
        """The text's length as the platform counts it."""
        return length(text, self.unit)


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
    rows = yaml.safe_load(files(__package__).joinpath("rules.yaml").read_text("utf-8"))
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


def rule(channel: str, field: str) -> Rule:
    """One row. Raises InvalidRequest for an unknown channel or field."""
    rows = {row.field: row for row in rules_of(channel)}
    if field not in rows:
        raise InvalidRequest(f"{channel} has no field {field!r}", fix=did_you_mean(field, rows))
    return rows[field]


def check(channel: str, field: str, texts: Sequence[str]) -> list[Violation]:
    """What the channel would refuse, or cut off, in the texts of one ad's field.

    A wrong number of texts, an empty text and a text given twice are refused by all channels.

    Raises:
        InvalidRequest: for an unknown channel or field.
    """
    row = rule(channel, field)
    found = [Violation(channel, field, "limit", what) for what in _counts(row, texts)]
    for text in texts:
        if not text.strip():
            found.append(Violation(channel, field, "limit", "a text is empty", text))
        elif (size := row.length(text)) > row.max_length:
            found.append(Violation(channel, field, row.kind, f"{size} of at most {row.max_length} {row.unit}", text))
    return found


def _counts(row: Rule, texts: Sequence[str]) -> Iterable[str]:
    if not row.count.min <= len(texts) <= row.count.max:
        wanted = str(row.count.min) if row.count.min == row.count.max else f"{row.count.min} to {row.count.max}"
        yield f"{len(texts)} texts where an ad has {wanted}"
    if len({text.casefold().strip() for text in texts}) < len(texts):
        yield "a text is given twice"
