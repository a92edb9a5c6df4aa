"""The languages copy can be written in: worked examples, word lists and templates, one YAML file each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field

from ..contract.errors import InvalidRequest
from ..contract.model import Closed

LineKind = Literal["sentence", "follow", "invitation", "headline", "hook", "hook_headline"]


def _split(value: Any) -> Any:
    return frozenset(value.split()) if isinstance(value, str) else value


Words = Annotated[frozenset[str], BeforeValidator(_split)]


class LineSpec(Closed):
    """How one kind of line is asked for.

    Attributes:
        about: whether it is made from a fact or from a segment.
        openings: what a candidate starts with, taken in turn by seed. Filled in are the
            product's ``{product}`` and ``{short}`` name (``{a_product}``, ``{a_short}`` with article), ``{It}``,
            ``{This}``, ``{fact}`` (the fact's own first word) and ``{doing}`` (what the segment does).
        inner: neutral words allowed inside. joins: function words allowed between content words.
        gift_openings: further ones for segments whose description has an anchor word, such as "gift".
        share: how many times the usual number of candidates is asked for.
        words: least and most content words after the opening. end: final punctuation; taken off again if not
            ``keep_end``.
        examples: product, what is given, the line.
    """

    about: Literal["fact", "segment"]
    instruction: str
    openings: tuple[str, ...] = ()
    gift_openings: tuple[str, ...] = ()
    inner: Words = frozenset()
    joins: Words = frozenset()
    share: int = Field(default=1, ge=1, le=10)
    words: tuple[int, int] = (1, 8)
    end: str = "."
    keep_end: bool = True
    examples: tuple[tuple[str, str, str], ...] = Field(min_length=3)


class Templates(Closed):
    """What a slot is filled from when the model finds nothing; ``subject_it``: openings cut from facts."""

    headline: tuple[str, ...]
    description: tuple[str, ...]
    subject_it: tuple[str, ...] = ()


class Language(Closed):
    """One file of ``prompts/``; ``en.yaml`` explains the fields.

    ``spaced`` is False for languages written without spaces: those are not constrained word by word, and their claims
    are checked by stretches of characters instead.
    """

    language: str
    spaced: bool
    function_words: Words = frozenset()
    neutral_words: Words = frozenset()
    denying: Words = frozenset()
    absolutes: Words = frozenset()
    number_words: Words = frozenset()
    verbs: Words = frozenset()
    anchors: Words = frozenset()
    plural_forms: dict[str, str] = {}
    linking: Words = frozenset()
    owning: Words = frozenset()
    lines: dict[LineKind, LineSpec]
    templates: Templates

    def __hash__(self) -> int:
        return hash(self.language)


def known() -> tuple[str, ...]:
    """Tags of the languages that have a file."""
    names = (entry.name for entry in files(__package__).joinpath("prompts").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def language(tag: str) -> Language:
    """The language of a BCP-47 tag; ``en-GB`` is served by ``en``. Raises InvalidRequest if it has no file."""
    base = tag.split("-")[0]
    if base not in known():
        raise InvalidRequest(f"copy in {tag!r} is not supported", fix=f"languages: one of {', '.join(known())}")
    text = files(__package__).joinpath("prompts", f"{base}.yaml").read_text("utf-8")
    return Language(**yaml.safe_load(text))
