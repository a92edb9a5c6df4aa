"""The training pictures as latents, with the captions that go with each, drawn by (seed, stage, step)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.errors import InvalidRequest
from .autoencoder import encode
from .captions import Captioner, Captions, Fixed
from .colours import dominant, recoloured
from .concepts import Concept
from .files import replacing
from .pictures import Pictures

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL
    from numpy.random import Generator

COLOURED_SHARE = 0.25
"""Share of drawn pictures that were given another colour."""
_SAID_SHARE = 0.15
"""Share of captions of a picture as it is that also say its colour."""


@dataclass(frozen=True)
class Latents:
    """Latents of pictures and of their recoloured variants.

    Attributes:
        values: (n, channels, h, w), mean 0 and deviation 1.
        pixels: (n, 3, side, side) bytes, in the same order.
        concept, style: (n,) of each picture; the style is "" where captions came with the pictures.
        colour: (n,): the colour a caption may say, or "".
        originals: how many of them, the first, are pictures as they are; the rest are recoloured.
    """

    values: torch.Tensor
    pixels: torch.Tensor
    concept: list[int]
    style: list[str]
    colour: list[str]
    originals: int
    captioner: Captions

    @property
    def values_per_picture(self) -> int:
        return self.values[0].numel()

    def save(self, path: Path) -> None:
        """Writes all but the captions to one file, whole or not at all."""
        import torch

        names = ("values", "pixels", "concept", "style", "colour", "originals")
        with replacing(path) as file:
            torch.save({name: getattr(self, name) for name in names}, file)

    @classmethod
    def load(cls, path: Path, captioner: Captions) -> Latents:
        """What :meth:`save` wrote."""
        import torch

        return cls(**torch.load(path, weights_only=True), captioner=captioner)

    def draw(self, seed: int, stage: str, step: int, count: int) -> tuple[torch.Tensor, list[str]]:
        """``count`` latents and a caption for each; a pure function of the arguments."""
        chosen, captions = self._choose(seed, stage, step, count)
        return self.values[chosen].float(), captions

    def draw_with_pixels(
        self, seed: int, stage: str, step: int, count: int
    ) -> tuple[torch.Tensor, list[str], torch.Tensor]:
        """As :meth:`draw`, with the pictures themselves."""
        chosen, captions = self._choose(seed, stage, step, count)
        return self.values[chosen].float(), captions, self.pixels[chosen]

    def _choose(self, seed: int, stage: str, step: int, count: int) -> tuple[list[int], list[str]]:
        import numpy as np

        random = np.random.default_rng([seed, zlib.crc32(stage.encode()), step])
        chosen = [self._one(random) for _ in range(count)]
        captions = []
        for place in chosen:
            said = place >= self.originals or random.random() < _SAID_SHARE
            colour = self.colour[place] if said and self.colour[place] else None
            captions.append(self.captioner.draw(random, self.concept[place], self.style[place], colour))
        return chosen, captions

    def _one(self, random: Generator) -> int:
        recoloured = len(self.values) - self.originals
        if recoloured and random.random() < COLOURED_SHARE:
            return self.originals + int(random.integers(recoloured))
        return int(random.integers(self.originals))


def learnable(pictures: Pictures, keys: list[str]) -> list[int]:
    """Positions of the pictures whose key is among the concepts', style by style in the order of the keys."""
    import numpy as np

    places = [
        np.flatnonzero((pictures.keys == key) & (pictures.styles == style))
        for style in _styles(pictures)
        for key in keys
    ]
    return [int(place) for found in places for place in found]


def prepare_captioned(pictures: Pictures, captions: Mapping[str, tuple[str, ...]], vae: AutoencoderKL) -> Latents:
    """Encodes pictures that came with captions. Nobody knows which words say their colour, so none is recoloured.

    Args:
        captions: by the pictures' keys.
    """
    import torch

    own = [captions[str(key)] for key in pictures.keys]
    captioner = Fixed(list(dict.fromkeys(own)))
    position = {texts: place for place, texts in enumerate(captioner.captions)}
    pixels = torch.from_numpy(pictures.pixels).permute(0, 3, 1, 2).contiguous()
    return Latents(
        values=encode(vae, pixels).half(),
        pixels=pixels,
        concept=[position[texts] for texts in own],
        style=[""] * len(own),
        colour=[""] * len(own),
        originals=len(own),
        captioner=captioner,
    )


def _styles(pictures: Pictures) -> list[str]:
    return list(dict.fromkeys(pictures.styles.tolist()))


def prepare(pictures: Pictures, concepts: list[Concept], vae: AutoencoderKL) -> Latents:
    """Encodes the concepts' pictures and their recoloured variants.

    Raises:
        InvalidRequest: no picture shows one of the concepts.
    """
    import numpy as np
    import torch

    places = learnable(pictures, [concept.key for concept in concepts])
    if not places:
        raise InvalidRequest(
            "no picture shows one of the concepts", fix="compare the keys of the sets with the concepts'"
        )
    position = {concept.key: place for place, concept in enumerate(concepts)}
    pixels = [pictures.pixels[place] for place in places]
    colour = [dominant(picture) or "" for picture in pixels]
    origin = list(range(len(pixels)))
    for place, picture in enumerate(list(pixels)):
        for name, painted in recoloured(picture):
            pixels.append(painted)
            colour.append(name)
            origin.append(place)
    stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
    keys = [str(pictures.keys[places[place]]) for place in origin]
    return Latents(
        values=encode(vae, stacked).half(),
        pixels=stacked,
        concept=[position[key] for key in keys],
        style=[str(pictures.styles[places[place]]) for place in origin],
        colour=colour,
        originals=len(places),
        captioner=Captioner(concepts),
    )
