"""The report: every mark, and the figures made of them, as JSON, as a table and as a contact sheet."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..contract.model import Closed
from ..training.files import replacing
from .marks import Mark


class Figure(Closed):
    """A count of right ones."""

    name: str
    right: int
    of: int

    @property
    def share(self) -> float:
        return self.right / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.right} of {self.of} ({self.share:.0%})"


class Report(Closed):
    """What `aigc evaluate image` finds.

    Attributes:
        settings: steps, guidance and the like, from the first picture's receipt.
        pixels: width and height of the pictures.
        scorer: the scorer's own accuracy on pictures held out from its training, by what was asked.
        as_captions: how many prompts of ``concepts`` are captions that training can draw, letter by letter.
        read_as_captions: how many become one when fillers and plurals are dropped, as the tokenizer does.
        concepts, colours: the marks of both lists.
        seconds: of drawing all.
    """

    model: str
    settings: dict[str, Any]
    pixels: tuple[int, int]
    seed: int
    scorer: dict[str, Any]
    as_captions: int
    read_as_captions: int
    concepts: tuple[Mark, ...]
    colours: tuple[Mark, ...]
    seconds: float

    def figures(self) -> list[Figure]:
        """What was counted, in the order in which it is shown."""
        styled = [mark for mark in self.concepts if mark.prompt.style]
        found = [
            _count("concept shown, of all prompts", self.concepts, lambda mark: mark.concept_right),
            *(
                _count(
                    f"concept shown, {name} prompts",
                    [mark for mark in self.concepts if mark.prompt.language == language],
                    lambda mark: mark.concept_right,
                )
                for language, name in (("en", "English"), ("zh", "Chinese"))
            ),
            _count("style, where the prompt says one", styled, lambda mark: mark.style_right),
            _count("colour prompts: object shown", self.colours, lambda mark: mark.concept_right),
            _count("colour prompts: colour right", self.colours, lambda mark: mark.colour_right),
            _count("colour prompts: both", self.colours, lambda mark: mark.concept_right and mark.colour_right),
        ]
        return [figure for figure in found if figure.of]

    def blur(self) -> float:
        """The median blur of all pictures, 0 sharp to 1."""
        return statistics.median(mark.blur for mark in (*self.concepts, *self.colours))

    def rows(self) -> list[tuple[str, str]]:
        """All figures as (what, measured)."""
        return [
            *((figure.name, str(figure)) for figure in self.figures()),
            (
                f"blur at 256 px (0 sharp to 1; median of {len(self.concepts) + len(self.colours)})",
                f"{self.blur():.2f}",
            ),
        ]

    def table(self) -> str:
        """All figures as a Markdown table."""
        rows = "".join(f"| {what} | {measured} |\n" for what, measured in self.rows())
        return f"| what | measured |\n| --- | --- |\n{rows}"

    @classmethod
    def load(cls, folder: Path) -> Report:
        """What :meth:`save` wrote."""
        kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return cls(**{name: kept[name] for name in cls.model_fields})

    def save(self, folder: Path) -> None:
        """Writes ``report.json`` and ``report.md``."""
        summary = {figure.name: figure.model_dump() | {"share": round(figure.share, 4)} for figure in self.figures()}
        whole = {"figures": summary, "blur": self.blur(), **self.model_dump(mode="json")}
        for name, text in (
            ("report.json", json.dumps(whole, ensure_ascii=False, indent=1) + "\n"),
            ("report.md", self.table()),
        ):
            with replacing(folder / name) as file:
                file.write(text.encode())


def _count(name: str, marks: Sequence[Mark], right: Callable[[Mark], bool]) -> Figure:
    return Figure(name=name, right=sum(map(right, marks)), of=len(marks))
