"""The reference backend for encoder-decoder models (T5, Marian, BART and their kin).

The prompt goes through the encoder once; then the decoder writes token by token, as a causal model does, so that
sampling, seeds, stop strings and cancelling are the same code for both. Slots run one after another.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from .backend import PrefillCancelled, never


@dataclass(slots=True)
class _Slot:
    encoded: Any
    cache: EncoderDecoderCache


class Seq2SeqBackend:
    """An encoder-decoder model with slots.

    Args:
        model: in evaluation mode, from :func:`~.torch_model.load_model`.
        device: torch's name of the device that inputs go to.
        context_length: most tokens of the answer. max_slots: requests held at once.
    """

    def __init__(self, model: Any, device: str, *, context_length: int, max_slots: int = 8) -> None:
        self.model = model
        self.device = torch.device(device)
        self.context_length = context_length
        self.max_slots = max_slots
        self.vocab_size = int(model.config.vocab_size)
        settings = model.generation_config
        start = settings.decoder_start_token_id
        if start is None:
            start = getattr(model.config, "decoder_start_token_id", None)
        if start is None:
            start = settings.bos_token_id or 0
        forced = getattr(settings, "forced_bos_token_id", None)
        self._opening = [int(start)] + ([int(forced)] if forced is not None else [])
        self._never = _single_bad_words(settings)
        self._slots: dict[int, _Slot] = {}
        self._ids = itertools.count()

    @torch.inference_mode()
    def prefill(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> tuple[int, np.ndarray]:
        """Encodes a prompt and opens the answer.

        Returns:
            The slot, and the float32 logits of the answer's first token, shape (vocabulary,).

        Raises:
            PrefillCancelled: if ``cancelled()`` was true. RuntimeError: if all slots are taken.
        """
        if len(self._slots) >= self.max_slots:
            raise RuntimeError(f"all {self.max_slots} slots are taken")
        if cancelled():
            raise PrefillCancelled
        ids = torch.tensor([list(tokens)], device=self.device)
        encoded = BaseModelOutput(last_hidden_state=self.model.get_encoder()(input_ids=ids)[0])
        slot = next(self._ids)
        self._slots[slot] = _Slot(encoded, EncoderDecoderCache(DynamicCache(), DynamicCache()))
        return slot, self._forward(slot, self._opening)

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        """Appends one token to each of the slots named. Returns their next float32 logits, shape (vocabulary,)."""
        return {slot: self._forward(slot, [token]) for slot, token in tokens.items()}

    def free(self, slot: int) -> None:
        """Gives back a slot."""
        self._slots.pop(slot, None)

    def close(self) -> None:
        """Lets go of all that it held; the engine gives the memory back."""
        self._slots.clear()
        del self.model

    def _forward(self, slot: int, tokens: list[int]) -> np.ndarray:
        state = self._slots[slot]
        out = self.model(
            encoder_outputs=state.encoded,
            decoder_input_ids=torch.tensor([tokens], device=self.device),
            past_key_values=state.cache,
            use_cache=True,
        )
        logits = np.array(out.logits[0, -1].float().cpu().numpy())
        logits[self._never] = -np.inf
        return logits


def _single_bad_words(settings: Any) -> list[int]:
    """Tokens that the model's makers forbid, such as Marian's padding."""
    words = getattr(settings, "bad_words_ids", None) or ()
    return [int(word[0]) for word in words if len(word) == 1]
