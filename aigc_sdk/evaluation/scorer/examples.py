"""Pictures and captions for the scorer: pairs that differ in colour or style alone are put side by side."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...training.captions import STYLES, Captioner
from ...training.colours import COLOURS, dominant, recoloured

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

_COLOUR_PAIRS, _STYLE_PAIRS = 0.2, 0.15
_COLOURED, _SAID = 0.25, 0.15
CAPTIONS = 3
"""Captions of each picture in a step: a text costs a tenth of a picture, and there are ten times as many to learn."""

_Row = tuple["Example", list[str], bool]


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

    def draw(self, random: Generator, count: int) -> tuple[Tensor, list[list[str]], Tensor]:
        """``count`` pictures (bytes), several captions for each, and whether these say a colour.

        No caption fits another's picture: concepts come once, or twice where all captions say what differs. All that
        are recoloured have one of two colours, so that the colour alone tells none of them.
        """
        rows: list[_Row] = []
        colours = random.choice(list(COLOURS), 2, replace=False).tolist()
        for concept in random.permutation(sorted(self.plain)).tolist():
            rows += self._rows(random, concept, colours)
            if len(rows) >= count:
                break
        rows = rows[:count]
        places = torch.tensor([example.place for example, _, _ in rows])
        return self.pixels[places], [captions for _, captions, _ in rows], torch.tensor([said for _, _, said in rows])

    def _rows(self, random: Generator, concept: int, colours: list[str]) -> list[_Row]:
        plain, variants = self.plain[concept], self._variants(random, concept, colours)
        share = random.random()
        if share < _COLOUR_PAIRS and variants:
            return [self._row(random, variant, said=True) for variant in variants]
        if share < _COLOUR_PAIRS + _STYLE_PAIRS and len(plain) > 1:
            chosen = random.choice(len(plain), 2, replace=False)
            return [self._styled(random, plain[place]) for place in chosen]
        if random.random() < _COLOURED and variants:
            return [self._row(random, variants[random.integers(len(variants))], said=True)]
        example = plain[random.integers(len(plain))]
        return [self._row(random, example, said=bool(example.colour) and random.random() < _SAID)]

    def _variants(self, random: Generator, concept: int, colours: list[str]) -> list[Example]:
        """The concept in these colours, in one of its styles; its own colour is not among its variants."""
        painted = list(self.painted[concept].values())
        if not painted:
            return []
        return [variant for variant in painted[random.integers(len(painted))] if variant.colour in colours]

    def _row(self, random: Generator, example: Example, *, said: bool) -> _Row:
        return example, [self._caption(random, example, said=said) for _ in range(CAPTIONS)], said

    def _styled(self, random: Generator, example: Example) -> _Row:
        """Captions that say the style; most do."""
        words = {word for spoken in STYLES[example.style].values() for word in spoken}
        captions: list[str] = []
        while len(captions) < CAPTIONS:
            caption = self._caption(random, example, said=False)
            if any(word in caption for word in words):
                captions.append(caption)
        return example, captions, False

    def _caption(self, random: Generator, example: Example, *, said: bool) -> str:
        return self.captioner.draw(random, example.concept, example.style, example.colour if said else None)
