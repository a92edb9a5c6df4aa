"""The brief: what a campaign is about. A typed YAML file; every error names the field, the line and what is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from ..contract.channels import channels as known_channels
from ..contract.errors import InvalidRequest, did_you_mean
from .brief_errors import doubled, readable
from .words import slug

MAX_BYTES = 1_000_000
"""Largest brief file accepted."""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise ValueError("is empty")
    if not line.isprintable():
        raise ValueError("holds control characters")
    return line


def _with_words(text: str) -> str:
    if not any(c.isalnum() for c in text):
        raise ValueError("has no words")
    return text


def _channel(name: str) -> str:
    if name not in known_channels():
        raise ValueError(f"unknown channel {name!r}; {did_you_mean(name, known_channels())}")
    return name


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", text):
        raise ValueError("is no web address: it starts with https:// and holds no spaces")
    return text


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise ValueError(f"{text!r} is no colour: write it as #a8322a, in quotes")
    return text.lower()


Line = Annotated[StrictStr, Field(max_length=300), AfterValidator(_one_line), AfterValidator(_with_words)]
Name = Annotated[StrictStr, Field(max_length=80), AfterValidator(_one_line)]
Language = Annotated[StrictStr, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Product(_Strict):
    """What is advertised.

    Attributes:
        name: what it is, as it stands in a sentence: ``red ceramic mug``.
        short_name: the same in one word (``mug``); None takes the last word of ``name``.
        description: one or more sentences; as true as the facts.
    """

    name: Name
    short_name: Name | None = None
    description: Annotated[StrictStr, Field(max_length=2000)] = ""

    @property
    def short(self) -> str:
        """The one-word name."""
        return self.short_name or self.name.split()[-1]


class Segment(_Strict):
    """A group of people the copy is for. ``description`` says who they are: ``people who work from home``."""

    name: Name
    description: Line
    tone: Line | None = None


class Picture(_Strict):
    """What the creatives and the video show.

    Attributes:
        prompt: what is to be seen, for the image model; None takes the product's name.
        style: how it is drawn, added to the prompt; ``3d``, ``flat`` and ``cartoon`` are the default model's.
        file: a picture of your own, in place of a generated one; relative to the brief.
    """

    prompt: Line | None = None
    style: Name = "3d"
    file: Name | None = None


class Translation(_Strict):
    """The brief in another language, by a person: claims are never machine-translated.

    Attributes:
        product: its name. facts: as many as the brief has, in the same order.
        segments: each segment's name and its description in this language.
    """

    product: Name
    facts: list[Line]
    segments: dict[str, Line]
    call_to_action: Line


class Brief(_Strict):
    """What a campaign is about.

    Attributes:
        name: of the campaign; needed only where there are several for one product, so that one's publications are not
            taken for the other's.
        facts: everything that may be claimed, each a short sentence ("It holds 350 ml."); 1 to 30.
        segments: who it is for; 1 to 12. tone: how it sounds, in words; a segment's own tone goes before it.
        languages: BCP-47 tags. The first is the language of the brief; each further one needs a translation.
        channels: ids from the channels table.
        forbidden_words: never used, in any form.
        picture: what the creatives show. logo: a picture file that takes the place of the brand's name on them.
        colours: the brand's, as ``#a8322a``, the main one first; none takes those of the picture.

    Raises:
        pydantic.ValidationError: if made in Python from wrong values. :func:`load_brief` raises InvalidRequest.
    """

    name: Name | None = None
    product: Product
    brand: Name | None = None
    facts: Annotated[list[Line], Field(min_length=1, max_length=30)]
    segments: Annotated[list[Segment], Field(min_length=1, max_length=12)]
    tone: Line = "plain and friendly"
    languages: Annotated[list[Language], Field(min_length=1, max_length=10)] = ["en"]
    channels: Annotated[list[Annotated[StrictStr, AfterValidator(_channel)]], Field(min_length=1)]
    call_to_action: Line
    landing_url: Annotated[StrictStr, Field(max_length=2000), AfterValidator(_web_address)] | None = None
    forbidden_words: Annotated[list[Name], Field(max_length=500)] = []
    translations: dict[Language, Translation] = {}
    picture: Picture = Picture()
    logo: Name | None = None
    colours: Annotated[list[Annotated[StrictStr, AfterValidator(_colour)]], Field(max_length=4)] = []

    _folder: Path = PrivateAttr(default_factory=Path)

    @property
    def folder(self) -> Path:
        """Where the brief lies: its files are relative to it. The working folder for a brief made in Python."""
        return self._folder

    @field_validator("channels", mode="before")
    @classmethod
    def _some_channel(cls, value: Any) -> Any:
        if value is None or value == []:
            raise ValueError(f"names no channel; there are {', '.join(known_channels())}")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> Brief:
        _distinct("facts", self.facts)
        _distinct("segments", [slug(segment.name) for segment in self.segments])
        _distinct("channels", self.channels)
        _distinct("languages", self.languages)
        for language in self.languages[1:]:
            if language not in self.translations:
                raise ValueError(
                    f"languages has {language!r}, so translations.{language} must give product, facts, segments and"
                    " call_to_action in it (a person's translation: claims are never machine-translated)"
                )
        for language, translation in self.translations.items():
            _matches(self, language, translation)
        return self


def _distinct(field: str, values: Sequence[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value.casefold() in seen:
            raise ValueError(f"{field} has {value!r} twice")
        seen.add(value.casefold())


def _matches(brief: Brief, language: str, translation: Translation) -> None:
    place = f"translations.{language}"
    if len(translation.facts) != len(brief.facts):
        raise ValueError(f"{place}.facts has {len(translation.facts)} facts, the brief has {len(brief.facts)}")
    names = {segment.name for segment in brief.segments}
    if set(translation.segments) != names:
        raise ValueError(f"{place}.segments must have exactly the names {', '.join(sorted(names))}")


def load_brief(path: Path) -> Brief:
    """Reads and checks a brief.

    Raises:
        InvalidRequest: the file cannot be read, is not YAML, or says something the brief does not know.
    """
    text = _read(path)
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict) or tree is None:
        raise InvalidRequest(f"{path} is not a brief: it is {'empty' if values is None else 'not a mapping'}")
    for key, line in doubled(tree):
        raise InvalidRequest(f"{path}, line {line}: {key!r} is given twice")
    try:
        brief = Brief.model_validate(values)
    except ValidationError as error:
        raise readable(path, error, tree, _fields) from None
    brief._folder = path.parent
    return brief


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidRequest(f"{path} is larger than {MAX_BYTES:,} bytes: it is not a brief")
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is not UTF-8 text (byte {error.start})", fix="save it as UTF-8") from None
    except FileNotFoundError:
        raise InvalidRequest(f"there is no file {path}", fix="an example is in examples/mug.yaml") from None
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror}") from None


_MODELS: Mapping[str, type[BaseModel]] = {
    "product": Product,
    "segments": Segment,
    "translations": Translation,
    "picture": Picture,
}


def _fields(place: Sequence[Any]) -> list[str]:
    model = _MODELS.get(str(place[0]), Brief) if place else Brief
    return list(model.model_fields)
