"""Texts to vectors, in torch: any encoder of transformers, and decoders that are trained for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .sentence_settings import Pooling

_LENGTHS = 32
"""Off the CPU, rows are padded to a multiple of this many tokens."""


class Encoder:
    """A model whose last hidden states become one vector per text.

    A text's vector does not depend on the texts beside it, to the bit. On the CPU each has a pass of its own (passes
    together are hardly quicker there: 1.3 times for eight short texts on two cores); elsewhere each pass has the same
    shape, filled up with empty rows.

    Args:
        model: in evaluation mode, from :func:`~.torch_model.load_model`.
        device: torch's name of the device that inputs go to. rows: of a pass that is not the CPU's.
    """

    def __init__(self, model: Any, device: str, pooling: Pooling, *, rows: int) -> None:
        self.model = model
        self.device = torch.device(device)
        self.width = int(model.config.get_text_config().hidden_size)
        self._pooling = pooling
        self._rows = rows if self.device.type != "cpu" else 1

    def passes(self, lengths: Sequence[int]) -> list[list[int]]:
        """Which texts, by their lengths in tokens, are embedded together: lists of their places."""
        groups: dict[int, list[int]] = {}
        for place, length in enumerate(lengths):
            groups.setdefault(self._padded(length), []).append(place)
        return [group[i : i + self._rows] for group in groups.values() for i in range(0, len(group), self._rows)]

    @torch.inference_mode()
    def embed(self, texts: Sequence[Sequence[int]]) -> np.ndarray:
        """Vectors of the token ids of one pass, shape (texts, width), float32, not normalised."""
        length = self._padded(max(map(len, texts)))
        ids = torch.zeros(self._rows, length, dtype=torch.long)
        mask = torch.zeros_like(ids)
        mask[:, 0] = 1  # an empty row attends to something, too
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        return np.asarray(self._pooled(states, mask)[: len(texts)].float().cpu().numpy())

    def _padded(self, length: int) -> int:
        return length if self._rows == 1 else -(-length // _LENGTHS) * _LENGTHS

    def _pooled(self, states: Any, mask: Any) -> Any:
        if self._pooling == "cls":
            return states[:, 0]
        if self._pooling == "lasttoken":
            return states[torch.arange(len(states), device=states.device), mask.sum(1) - 1]
        weights = mask[..., None].to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1)

    def close(self) -> None:
        """Lets go of all that it held; the engine gives the memory back."""
        del self.model
