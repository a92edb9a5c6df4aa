"""Marks: does the picture show what its prompt asks for, in the style and the colour that it asks for?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..contract.model import Closed
from .prompts import Prompt
from .sharpness import blur

if TYPE_CHECKING:
    from PIL.Image import Image

    from .scorer.model import Directions, Scorer


class Mark(Closed):
    """One picture's mark.

    Attributes:
        shown: the concept that the scorer sees first, of all that it knows (in the colour asked for, if one is).
        rank: the place of the first right concept among all, 1 the best.
        style, colour: what the scorer sees, where the prompt says one.
        blur: 0 sharp to 1, see :mod:`.sharpness`.
    """

    prompt: Prompt
    seed: int
    shown: str
    rank: int
    style: str | None = None
    colour: str | None = None
    blur: float

    @property
    def concept_right(self) -> bool:
        return self.shown in self.prompt.right

    @property
    def style_right(self) -> bool:
        return self.style == self.prompt.style

    @property
    def colour_right(self) -> bool:
        return self.colour == self.prompt.colour


def mark(scorer: Scorer, prompts: Sequence[Prompt], pictures: Sequence[Image], seed: int) -> list[Mark]:
    """Marks each picture.

    Args:
        seed: of the first picture; the others follow it.
    """
    seen = scorer.see(pictures)
    marks = []
    for place, (prompt, picture) in enumerate(zip(prompts, pictures, strict=True)):
        # A blue car is nearer to "blue hat" than to "car": where a colour is asked for, all are compared in it.
        known = scorer.coloured_directions(prompt.colour) if prompt.colour else scorer.concept_directions
        order = [scorer.names[concept] for concept in (-(known @ seen[place])).argsort()]
        asked = scorer.names.index(prompt.concept)
        marks.append(
            Mark(
                prompt=prompt,
                seed=seed + place,
                shown=order[0],
                rank=1 + min(order.index(name) for name in prompt.right),
                style=_nearest(seen[place], *scorer.style_directions(asked)) if prompt.style else None,
                colour=_nearest(seen[place], *scorer.colour_directions(asked)) if prompt.colour else None,
                blur=round(blur(picture), 4),
            )
        )
    return marks


def _nearest(seen: Directions, names: list[str], directions: Directions) -> str:
    return names[int((directions @ seen).argmax())]
