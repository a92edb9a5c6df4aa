"""Pictures and captions for the scorer: pairs that differ in colour or style alone are put side by side."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...training.captions import STYLES, Captioner
from ...training.colours import dominant, recoloured

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

_COLOUR_PAIRS, _STYLE_PAIRS = 0.25, 0.15
_COLOURED, _SAID = 0.25, 0.15


@dataclass(frozen=True)
class Example:
    """One picture: its place among the pixels, and what is to be said of it."""

    place: int
    concept: int
    style: str
    colour: str


class Examples:
    """Pictures as they are, and recoloured.

    Args:
        pictures: (n, side, side, 3) bytes. concepts: (n,) positions in the captioner's list. styles: (n,).
    """

    def __init__(
        self, pictures: NDArray[np.uint8], concepts: list[int], styles: list[str], captioner: Captioner
    ) -> None:
        import numpy as np

        self.captioner = captioner
        self.plain: dict[int, list[Example]] = collections.defaultdict(list)
        self.painted: dict[int, dict[str, list[Example]]] = collections.defaultdict(dict)
        pixels: list[NDArray[np.uint8]] = []
        for picture, concept, style in zip(pictures, concepts, styles, strict=True):
            self.plain[concept].append(Example(len(pixels), concept, style, dominant(picture) or ""))
            pixels.append(picture)
            for colour, painted in recoloured(picture):
                example = Example(len(pixels), concept, style, colour)
                self.painted[concept].setdefault(style, []).append(example)
                pixels.append(painted)
        self.pixels = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()

    def draw(self, random: Generator, count: int) -> tuple[Tensor, list[str], Tensor]:
        """``count`` pictures (bytes), a caption for each, and whether that says a colour.

        No caption fits another's picture: concepts come once, or twice where both captions say what differs.
        """
        rows: list[tuple[Example, str, bool]] = []
        for concept in random.permutation(sorted(self.plain)).tolist():
            rows += self._rows(random, concept)
            if len(rows) >= count:
                break
        rows = rows[:count]
        places = torch.tensor([example.place for example, _, _ in rows])
        return self.pixels[places], [caption for _, caption, _ in rows], torch.tensor([said for _, _, said in rows])

    def _rows(self, random: Generator, concept: int) -> list[tuple[Example, str, bool]]:
        plain, painted = self.plain[concept], list(self.painted[concept].values())
        share = random.random()
        if share < _COLOUR_PAIRS and painted:
            variants = painted[random.integers(len(painted))]
            chosen = random.choice(len(variants), 2, replace=False)
            return [self._row(random, variants[place], said=True) for place in chosen]
        if share < _COLOUR_PAIRS + _STYLE_PAIRS and len(plain) > 1:
            chosen = random.choice(len(plain), 2, replace=False)
            return [self._styled(random, plain[place]) for place in chosen]
        if random.random() < _COLOURED and painted:
            variants = painted[random.integers(len(painted))]
            return [self._row(random, variants[random.integers(len(variants))], said=True)]
        example = plain[random.integers(len(plain))]
        return [self._row(random, example, said=bool(example.colour) and random.random() < _SAID)]

    def _row(self, random: Generator, example: Example, *, said: bool) -> tuple[Example, str, bool]:
        caption = self.captioner.draw(random, example.concept, example.style, example.colour if said else None)
        return example, caption, said

    def _styled(self, random: Generator, example: Example) -> tuple[Example, str, bool]:
        """A caption that says the style; most do."""
        words = {word for spoken in STYLES[example.style].values() for word in spoken}
        while True:
            row = self._row(random, example, said=False)
            if any(word in row[1] for word in words):
                return row
