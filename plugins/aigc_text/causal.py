"""The reference backend: any causal language model of transformers, with many requests in one batch.

Each request has a slot with its own key-value cache. A step takes the slots as rows of one batch
(:mod:`~aigc_text.row_attention`); a slot that comes or goes costs nothing. Matrix products round differently for one
row and for several on some processors, so a batch is filled up to a number of rows that was found to agree. Models
that cannot be batched this way (Mamba and its hybrids, mixtures of experts, attention of their own making) step their
slots one after another.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from . import row_attention
from .backend import PrefillCancelled, never

PREFILL_CHUNK = 2048
"""Prompt tokens per forward pass: bounds the memory of attention scores for long prompts."""

_PLAIN_ATTENTION = {"full_attention", "sliding_attention"}
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2, torch.float16: 1e-2}
"""Largest difference between a step in a batch and a plain one, relative to the largest logit."""


class CausalBackend:
    """A causal language model with slots.

    Args:
        model: in evaluation mode, from :func:`~.torch_model.load_model`.
        device: torch's name of the device that inputs go to.
        context_length: most tokens of prompt and answer together. max_slots: requests held at once.

    Attributes:
        rows: a batch has a multiple of this many rows; 0 if slots step one after another.
    """

    def __init__(self, model: Any, device: str, *, context_length: int, max_slots: int = 8) -> None:
        self.model = model
        self.device = torch.device(device)
        self.context_length = context_length
        self.max_slots = max_slots
        self.vocab_size = int(model.get_output_embeddings().weight.shape[0])
        accepted = inspect.signature(model.forward).parameters
        self._takes_positions = "position_ids" in accepted
        self._takes_keep = "logits_to_keep" in accepted
        self._cache_name = "cache_params" if "cache_params" in accepted else "past_key_values"
        self._caches: dict[int, DynamicCache] = {}
        self._lengths: dict[int, int] = {}
        self._ids = itertools.count()
        self.rows = 0
        self.rows = self._find_rows()

    @torch.inference_mode()
    def prefill(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> tuple[int, np.ndarray]:
        """Reads a prompt into a new slot.

        Returns:
            The slot, and the float32 logits of the next token, shape (vocabulary,).

        Raises:
            PrefillCancelled: if ``cancelled()`` was true between two pieces. RuntimeError: if all slots are taken.
        """
        if len(self._caches) >= self.max_slots:
            raise RuntimeError(f"all {self.max_slots} slots are taken")
        plain = _has_plain_cache(self.model)
        # Without a config the cache keeps all of sliding-window layers too; attention does the sliding.
        cache = DynamicCache() if plain else DynamicCache(config=self.model.config)
        # A state that is no key-value cache is right only after one pass over all, or token by token.
        size = PREFILL_CHUNK if plain else len(tokens)
        for start in range(0, len(tokens), size):
            if cancelled():
                raise PrefillCancelled
            logits = self._forward([tokens[start : start + size]], cache, [start])
        slot = next(self._ids)
        self._caches[slot], self._lengths[slot] = cache, len(tokens)
        return slot, logits[0]

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        """Appends one token to each of the slots named. Returns their next float32 logits, shape (vocabulary,)."""
        if self.rows:
            logits = self._together(tokens, self.rows * -(-len(tokens) // self.rows))
            found = dict(zip(tokens, logits, strict=False))
        else:
            found = {
                slot: self._forward([[token]], self._caches[slot], [self._lengths[slot]])[0]
                for slot, token in tokens.items()
            }
        for slot in tokens:
            self._lengths[slot] += 1
        return found

    def free(self, slot: int) -> None:
        """Gives back a slot."""
        del self._caches[slot], self._lengths[slot]

    def close(self) -> None:
        """Lets go of all that it held; the engine gives the memory back."""
        self._caches.clear()
        del self.model

    def _together(self, tokens: Mapping[int, int], rows: int) -> np.ndarray:
        """One step of all slots named, in a batch filled up to ``rows``."""
        spare = rows - len(tokens)
        caches = [*(self._caches[slot] for slot in tokens), *([None] * spare)]
        starts = [*(self._lengths[slot] for slot in tokens), *([0] * spare)]
        ids = [*([token] for token in tokens.values()), *([[0]] * spare)]
        return self._forward(ids, row_attention.RowsCache(caches), starts)

    def _forward(self, tokens: Sequence[Sequence[int]], cache: Any, starts: Sequence[int]) -> np.ndarray:
        """One pass; ``starts`` are the rows' first positions. Returns the last token's logits, (rows, vocabulary)."""
        ids = torch.tensor(tokens, device=self.device)
        extra: dict[str, Any] = {self._cache_name: cache}
        if self._takes_positions:
            first = torch.tensor(starts, device=self.device)[:, None]
            extra["position_ids"] = first + torch.arange(ids.shape[1], device=self.device)
        if self._takes_keep:
            extra["logits_to_keep"] = 1
        logits = self.model(input_ids=ids, use_cache=True, **extra).logits[:, -1]
        return np.asarray(logits.float().cpu().numpy())

    # --- how many rows agree --------------------------------------------------------------------------------------

    @torch.inference_mode()
    def _find_rows(self) -> int:
        """Tries batches of several sizes on this device. Returns the multiple of rows that always agrees, or 0."""
        usual = self.model.config._attn_implementation
        if self.max_slots == 1 or usual not in ("sdpa", row_attention.NAME) or not _may_be_batched(self.model):
            return 0
        slot, _ = self.prefill([1, 2, 3])
        plain = self._tried(slot, 0)
        try:
            self.model.set_attn_implementation(row_attention.NAME)
            full = self._tried(slot, self.max_slots)
            close = np.abs(full - plain).max() <= _TOLERANCE.get(self.model.dtype, 1e-3) * np.abs(plain).max()
            rows = self._agreeing(slot, full) if close else 0
        except (TypeError, ValueError, AttributeError, RuntimeError, IndexError):
            rows = 0  # the model does with its cache what row_attention does not provide for
        finally:
            self.free(slot)
        if rows == 0:
            self.model.set_attn_implementation(usual)
        return rows

    def _agreeing(self, slot: int, full: np.ndarray) -> int:
        if self.device.type != "cpu":
            return self.max_slots  # there more rows cost next to nothing
        sizes = sorted({1, 2, 3, 4} - {*range(self.max_slots, 5)})
        agree = {size: np.array_equal(self._tried(slot, size), full) for size in sizes}
        fits = (m for m in sizes if self.max_slots % m == 0 and all(agree[s] for s in sizes if s % m == 0))
        return next(fits, self.max_slots)

    def _tried(self, slot: int, rows: int) -> np.ndarray:
        """Logits of one step of a slot in a batch of that many rows (0: plain); leaves the slot as it was."""
        cache, start = self._caches[slot], self._lengths[slot]
        logits = self._together({slot: 4}, rows) if rows else self._forward([[4]], cache, [start])
        cache.crop(-1)
        return np.array(logits[0])


def _has_plain_cache(model: Any) -> bool:
    """True if all the model's state is keys and values."""
    kinds = set(getattr(model.config.get_text_config(), "layer_types", None) or _PLAIN_ATTENTION)
    return kinds <= _PLAIN_ATTENTION and not getattr(model, "_is_stateful", False)


def _may_be_batched(model: Any) -> bool:
    """False if a row's result depends on the others by design: experts' products have as many rows as choose them."""
    config = model.config.get_text_config()
    return _has_plain_cache(model) and not any(getattr(config, name, None) for name in _EXPERTS)
