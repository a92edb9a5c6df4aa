"""The scorer's own accuracy, on pictures that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...training.colours import recoloured

if TYPE_CHECKING:
    from .model import Scorer

_FEW = 20


@dataclass(frozen=True)
class HeldOut:
    """Pictures that show known concepts.

    Attributes:
        pixels: (n, side, side, 3) bytes. concepts: (n,) positions in the scorer's list.
        styles: (n,), or None for pictures in a style of their own.
    """

    pixels: NDArray[np.uint8]
    concepts: Sequence[int]
    styles: Sequence[str] | None = None


def measure(scorer: Scorer, held: HeldOut, seed: int = 0) -> dict[str, Any]:
    """Shares of right answers, 0 to 1.

    Returns:
        ``pictures``: how many. ``first``: the concept is the first of all. ``among_5``: it is among the first five.
        ``first_of_20``: it is the first among itself and 19 others drawn at random. ``style``: of them, where they
        have one. ``recoloured``: how many variants in another colour; ``colour``: theirs is seen;
        ``colour_and_concept``: and the concept is the first of all in that colour.
    """
    random = np.random.default_rng(seed)
    seen = scorer.see_pixels(held.pixels)
    scores = seen @ scorer.concept_directions.T
    truth = np.asarray(held.concepts)
    own = scores[np.arange(len(truth)), truth]
    ahead = (scores > own[:, None]).sum(1)
    few = [_beats(random, row, concept) for row, concept in zip(scores, truth, strict=True)]
    found = {
        "pictures": len(truth),
        "concepts": len(scorer.concepts),
        "first": _share(ahead == 0),
        "among_5": _share(ahead < 5),
        f"first_of_{_FEW}": _share(few),
    }
    if held.styles is not None:
        found["style"] = _share(_styles(scorer, seen, truth, held.styles))
    return found | _colours(scorer, held)


def _share(right: Sequence[bool] | NDArray[np.bool_]) -> float:
    return round(float(np.mean(right)), 4)


def _beats(random: np.random.Generator, row: NDArray[np.float32], concept: int) -> bool:
    others = np.delete(row, concept)
    drawn = random.choice(others, min(_FEW - 1, len(others)), replace=False)
    return bool(row[concept] > drawn.max())


def _styles(scorer: Scorer, seen: NDArray[np.float32], concepts: NDArray[np.int_], styles: Sequence[str]) -> list[bool]:
    right = []
    for direction, concept, style in zip(seen, concepts.tolist(), styles, strict=True):
        names, directions = scorer.style_directions(concept)
        right.append(names[int((directions @ direction).argmax())] == style)
    return right


def _colours(scorer: Scorer, held: HeldOut) -> dict[str, Any]:
    colours, both = [], []
    for picture, concept in zip(held.pixels, held.concepts, strict=True):
        variants = dict(recoloured(picture))
        if not variants:
            continue
        seen = scorer.see_pixels(np.stack(list(variants.values())))
        names, directions = scorer.colour_directions(concept)
        for direction, colour in zip(seen, variants, strict=True):
            colours.append(names[int((directions @ direction).argmax())] == colour)
            both.append(colours[-1] and int((scorer.coloured_directions(colour) @ direction).argmax()) == concept)
    if not colours:
        return {}
    return {"recoloured": len(colours), "colour": _share(colours), "colour_and_concept": _share(both)}
