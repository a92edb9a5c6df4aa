"""Prompts to evaluate with: what each asks for, so that an answer can be marked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ..contract.errors import InvalidRequest
from ..contract.model import Closed
from ..training.captions import STYLES
from ..training.colours import COLOURS


class Prompt(Closed):
    """One prompt.

    Attributes:
        concept: English name of what the picture has to show. also: concepts that the same word names.
        style, colour: what the prompt says of them, if it does.
    """

    text: str
    concept: str
    also: tuple[str, ...] = ()
    style: str | None = None
    colour: str | None = None

    @property
    def right(self) -> frozenset[str]:
        """The concepts that count as shown right."""
        return frozenset({self.concept, *self.also})

    @property
    def language(self) -> Literal["en", "zh"]:
        wide = any(unicodedata.east_asian_width(character) == "W" for character in self.text)
        return "zh" if wide else "en"


class Prompts(Closed):
    """Two lists: those marked by what is shown, and those marked by its colour as well."""

    concepts: tuple[Prompt, ...] = ()
    colours: tuple[Prompt, ...] = ()

    @classmethod
    def load(cls, path: Path | None = None) -> Prompts:
        """Reads a YAML file; the one that ships with the project if none is given.

        Raises:
            InvalidRequest: there is no such file, or it does not hold such lists.
        """
        import yaml

        source = files("aigc_sdk.evaluation").joinpath("prompts.yaml") if path is None else path
        try:
            return cls.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
        except (OSError, ValueError, yaml.YAMLError, InvalidRequest) as error:
            raise InvalidRequest(
                f"{source} is no list of prompts: {error}", fix="aigc_sdk/evaluation/prompts.yaml shows the form"
            ) from None

    def check(self, names: Iterable[str]) -> None:
        """Raises InvalidRequest where a prompt names a concept, a style or a colour that the scorer does not know."""
        known = set(names)
        for prompt in (*self.concepts, *self.colours):
            strange = [name for name in sorted(prompt.right) if name not in known]
            strange += [style for style in [prompt.style] if style is not None and style not in STYLES]
            strange += [colour for colour in [prompt.colour] if colour is not None and colour not in COLOURS]
            if strange:
                raise InvalidRequest(f"{prompt.text!r}: the scorer knows no {', '.join(map(repr, strange))}")
        for prompt in self.colours:
            if prompt.colour is None:
                raise InvalidRequest(f"{prompt.text!r}: a prompt under 'colours' needs its colour")
