"""The runner that makes vectors of texts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from aigc_sdk.contract.artifacts import VectorArtifact
from aigc_sdk.contract.errors import CorruptModel, InvalidRequest, PromptTooLong
from aigc_sdk.contract.events import Completed, Event
from aigc_sdk.contract.requests import Request, TextRequest
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from .encoder import Encoder
from .sentence_settings import SentenceSettings
from .tokenizer import Tokenizer

_FOR_WRITERS = ("messages", "system", "json_schema", "regex", "max_chars", "stop")
"""Fields that bind a text that is written."""


class EncoderRunner(BaseRunner):
    """Serves ``feature-extraction``.

    Args:
        weights: name and sha256 of the model's files.
    """

    libraries = ("torch", "transformers", "tokenizers")

    def __init__(
        self, encoder: Encoder, tokenizer: Tokenizer, settings: SentenceSettings, weights: dict[str, str]
    ) -> None:
        self.weights = weights
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._settings = settings

    def preprocess(self, request: Request) -> tuple[int, ...]:
        """The text's token ids.

        Raises:
            PromptTooLong: nothing is cut off silently. InvalidRequest: a length of vector that the model cannot make.
        """
        assert isinstance(request, TextRequest)
        if given := [name for name in _FOR_WRITERS if getattr(request, name)]:
            raise InvalidRequest(f"feature-extraction takes a prompt, and no {given[0]}", plugin="text")
        self._check_dimensions(request.dimensions)
        tokens = self._tokenizer.encode(self._settings.prefix + request.prompt, special=True)
        if len(tokens) > self._settings.max_tokens:
            raise PromptTooLong(
                f"the text is {len(tokens):,} tokens long; the model reads {self._settings.max_tokens:,}",
                plugin="text",
                fix="split it into parts, or take a model that reads longer texts",
            )
        return tuple(tokens)

    def batch_key(self, request: Request) -> Hashable:
        return "vectors"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for places in self._encoder.passes([len(item.inputs) for item in items]):
            wanted = [items[place] for place in places if not context.cancelled(items[place].index)]
            if not wanted:
                continue
            vectors = self._encoder.embed([item.inputs for item in wanted])
            for item, vector in zip(wanted, vectors, strict=True):
                assert isinstance(item.request, TextRequest)
                artifact = VectorArtifact(data=_unit(vector[: item.request.dimensions]).tobytes())
                yield item.index, Completed(artifact, {"input_tokens": float(len(item.inputs))})

    def close(self) -> None:
        self._encoder.close()

    def _check_dimensions(self, wanted: int | None) -> None:
        own, shorter = self._encoder.width, self._settings.shorter
        if wanted in (None, own) or wanted in shorter:
            return
        also = f", and is trained to be cut to {', '.join(map(str, sorted(shorter)))}" if shorter else ""
        raise InvalidRequest(f"dimensions={wanted}: the model's vectors have {own}{also}", plugin="text")


def _unit(vector: np.ndarray) -> np.ndarray:
    """The vector at length 1, float32, little-endian. Raises CorruptModel if it has no direction."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(length) or length == 0:
        raise CorruptModel("the model's vector has no direction: its weights or its dtype do not fit", plugin="text")
    return (vector / length).astype("<f4")
