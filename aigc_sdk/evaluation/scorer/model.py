"""The scorer as it is used: pictures and captions in, cosines out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image

from ...contract.errors import InvalidRequest
from ...training.captions import STYLES
from ...training.colours import CHINESE, COLOURS
from ...training.concepts import Concept
from ...training.files import replacing
from ...training.pictures import flatten
from ...training.tokenizer import BEGIN, END, PAD
from .network import SIDE, ScorerNetwork, Shape

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Directions = NDArray[np.float32]

_BATCH = 128
_SPECIAL = {PAD, BEGIN, END}
_NETWORK, _TOKENIZER, _CONCEPTS, _SHAPE = "scorer.safetensors", "tokenizer.json", "concepts.json", "shape.json"
_ACCURACY = "accuracy.json"


class Scorer:
    """Says what a picture shows, of the concepts, styles and colours it has learned.

    Use :meth:`load`. Every answer is a choice among what it knows: a picture of something else gets one as well.

    Attributes:
        concepts: what it knows. accuracy: its own, on pictures it did not learn from (see :mod:`.accuracy`).
    """

    def __init__(
        self,
        network: ScorerNetwork,
        tokenizer: Tokenizer,
        concepts: Sequence[Concept],
        accuracy: dict[str, Any] | None = None,
    ) -> None:
        self._network = network.float().eval().requires_grad_(False)
        self._tokenizer = tokenizer
        tokenizer.enable_padding(length=network.shape.tokens, pad_token=PAD)
        tokenizer.enable_truncation(network.shape.tokens)
        self.concepts = list(concepts)
        self.accuracy = accuracy or {}
        self._coloured: dict[str, Directions] = {}

    @classmethod
    def load(cls, folder: Path | None = None) -> Scorer:
        """The scorer of a folder; the one that ships with the project if none is given.

        Raises:
            InvalidRequest: the folder does not hold one.
        """
        if folder is None:
            with as_file(files("aigc_sdk.evaluation").joinpath("weights")) as own:
                return cls.load(own)
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        try:
            network = ScorerNetwork(Shape.model_validate_json((folder / _SHAPE).read_text(encoding="utf-8")))
            network.load_state_dict(load_file(folder / _NETWORK))
            rows, accuracy = (
                json.loads((folder / name).read_text(encoding="utf-8")) for name in (_CONCEPTS, _ACCURACY)
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise InvalidRequest(
                f"{folder} holds no picture-caption scorer: {error}", fix="`aigc evaluate train-scorer` makes one"
            ) from None
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        return cls(network, tokenizer, [Concept.model_validate(row) for row in rows], accuracy)

    def save(self, folder: Path) -> None:
        """Writes the scorer: weights in float16, tokenizer, concepts, accuracy."""
        from safetensors.torch import save

        halved = {n: t.half() if t.is_floating_point() else t for n, t in self._network.state_dict().items()}
        rows = ",\n".join(json.dumps(concept.model_dump(mode="json"), ensure_ascii=False) for concept in self.concepts)
        for name, content in (
            (_NETWORK, save({n: t.contiguous() for n, t in halved.items()})),
            (_TOKENIZER, self._tokenizer.to_str().encode()),
            (_CONCEPTS, f"[\n{rows}\n]\n".encode()),
            (_ACCURACY, (json.dumps(self.accuracy, indent=1) + "\n").encode()),
            (_SHAPE, (self._network.shape.model_dump_json(indent=1) + "\n").encode()),
        ):
            with replacing(folder / name) as file:
                file.write(content)

    def see(self, pictures: Sequence[Image]) -> Directions:
        """Directions (n, joint), of length one; pictures of any size and mode, put on white."""
        return self.see_pixels(np.stack([flatten(picture, SIDE) for picture in pictures]))

    def see_pixels(self, pixels: NDArray[np.uint8]) -> Directions:
        """As :meth:`see`, of bytes (n, side, side, 3)."""
        with torch.inference_mode():
            parts = [
                self._network.see(torch.from_numpy(pixels[first : first + _BATCH]).permute(0, 3, 1, 2) / 127.5 - 1)
                for first in range(0, len(pixels), _BATCH)
            ]
            return torch.cat(parts).numpy()

    def read(self, captions: Sequence[str]) -> Directions:
        """Directions (n, joint), of length one."""
        tokens = [encoded.ids for encoded in self._tokenizer.encode_batch(list(captions))]
        with torch.inference_mode():
            return self._network.read(torch.tensor(tokens)).numpy()

    def tokens(self, text: str) -> str:
        """The words it reads in a text; ``<unk>`` where it knows one not."""
        return " ".join(token for token in self._tokenizer.encode(text).tokens if token not in _SPECIAL)

    @cached_property
    def names(self) -> list[str]:
        """The concepts' English names, in their order."""
        return [concept.names["en"].label for concept in self.concepts]

    @cached_property
    def concept_directions(self) -> Directions:
        """(concepts, joint): of each concept the middle of all its names, in both languages."""
        return self._middles(
            [
                [name for names in concept.names.values() for name in (names.label, *names.others)]
                for concept in self.concepts
            ]
        )

    def coloured_directions(self, colour: str) -> Directions:
        """(concepts, joint): every concept in this colour, to compare pictures with that were asked for in it."""
        if colour not in self._coloured:
            self._coloured[colour] = self._middles([_in_colour(concept, colour) for concept in self.concepts])
        return self._coloured[colour]

    def style_directions(self, concept: int) -> tuple[list[str], Directions]:
        """The styles and (styles, joint): this concept in each of them."""
        names = self.concepts[concept].names
        spoken = [
            [f"{names[language].label}, {word}" for language in names for word in sorted(set(words[language]))]
            for words in STYLES.values()
        ]
        return list(STYLES), self._middles(spoken)

    def colour_directions(self, concept: int) -> tuple[list[str], Directions]:
        """The colours and (colours, joint): this concept in each of them."""
        return list(COLOURS), self._middles([_in_colour(self.concepts[concept], colour) for colour in COLOURS])

    def _middles(self, spoken: list[list[str]]) -> Directions:
        read = self.read([text for texts in spoken for text in texts])
        ends = np.cumsum([len(texts) for texts in spoken])
        middles = np.stack([part.mean(0) for part in np.split(read, ends[:-1])])
        return middles / np.linalg.norm(middles, axis=1, keepdims=True)  # type: ignore[no-any-return]


def _in_colour(concept: Concept, colour: str) -> list[str]:
    """The concept's names in both languages, with this colour."""
    en, zh = concept.names["en"], concept.names["zh"]
    return [
        *(f"{colour} {_bare(name, COLOURS)}" for name in (en.label, *en.others)),
        *(f"{CHINESE[colour]}色{_bare(name, CHINESE.values())}" for name in (zh.label, *zh.others)),
    ]


def _bare(name: str, colours: Iterable[str]) -> str:
    """The name without the colour that it says itself, such as "apple" of "red apple"."""
    for colour in colours:
        name = name.replace(colour, "")
    return name.strip() or name
