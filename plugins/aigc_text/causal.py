"""The reference backend: any causal language model of transformers, with many requests in one batch.

Each request has a slot with its own key-value cache. For a step the caches of all slots are laid side by side, padded
on the left to the longest; a slot that comes or goes costs one copy. Models whose state is not a plain key-value cache
(Mamba and its hybrids) run their slots one after another instead.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from .backend import PrefillCancelled, never
from .torch_model import give_back

PREFILL_CHUNK = 2048
"""Prompt tokens per forward pass: bounds the memory of attention scores for long prompts."""

_PLAIN_ATTENTION = {"full_attention", "sliding_attention"}


class CausalBackend:
    """A causal language model with slots.

    Args:
        model: in evaluation mode, from :func:`~.torch_model.load_model`.
        device: torch's name of the device that inputs go to.
        context_length: most tokens of prompt and answer together. max_slots: requests held at once.
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
        self._slots: _Slots = (_SideBySide if _is_plain(model) else _OneByOne)(self)
        self._ids = itertools.count()

    @torch.inference_mode()
    def prefill(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> tuple[int, np.ndarray]:
        """Reads a prompt into a new slot.

        Returns:
            The slot, and the float32 logits of the next token, shape (vocabulary,).

        Raises:
            PrefillCancelled: if ``cancelled()`` was true between two pieces. RuntimeError: if all slots are taken.
        """
        if len(self._slots.lengths) >= self.max_slots:
            raise RuntimeError(f"all {self.max_slots} slots are taken")
        slot = next(self._ids)
        cache = self._slots.new_cache()
        size = PREFILL_CHUNK if self._slots.takes_pieces else len(tokens)
        for start in range(0, len(tokens), size):
            if cancelled():
                raise PrefillCancelled
            chunk = torch.tensor([tokens[start : start + size]], device=self.device)
            logits = self.forward(chunk, cache, start=[start])
        self._slots.add(slot, cache, len(tokens))
        return slot, logits[0]

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        """Appends one token to each of the slots named. Returns their next float32 logits, shape (vocabulary,)."""
        return self._slots.step(tokens)

    def free(self, slot: int) -> None:
        """Gives back a slot."""
        self._slots.remove(slot)

    def close(self) -> None:
        """Gives back all memory."""
        self._slots.clear()
        del self.model
        give_back()

    def forward(
        self, ids: torch.Tensor, cache: Any, start: Sequence[int], mask: torch.Tensor | None = None
    ) -> np.ndarray:
        """One pass; ``start`` is each row's first position. Returns the last token's logits, (rows, vocabulary)."""
        extra: dict[str, Any] = {self._cache_name: cache}
        if self._takes_positions:
            first = torch.tensor(start, device=self.device)[:, None]
            extra["position_ids"] = first + torch.arange(ids.shape[1], device=self.device)
        if self._takes_keep:
            extra["logits_to_keep"] = 1
        if mask is not None:
            extra["attention_mask"] = mask
        logits = self.model(input_ids=ids, use_cache=True, **extra).logits[:, -1]
        return np.asarray(logits.float().cpu().numpy())


def _is_plain(model: Any) -> bool:
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or _PLAIN_ATTENTION)
    return kinds <= _PLAIN_ATTENTION and not getattr(model, "_is_stateful", False)


class _Slots:
    """Where the caches of the slots are kept. ``takes_pieces``: a prompt may be read in several passes."""

    takes_pieces = True

    def __init__(self, backend: CausalBackend) -> None:
        self.backend = backend
        self.lengths: dict[int, int] = {}

    def new_cache(self) -> Any:
        raise NotImplementedError

    def add(self, slot: int, cache: Any, length: int) -> None:
        raise NotImplementedError

    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        raise NotImplementedError

    def remove(self, slot: int) -> None:
        raise NotImplementedError

    def clear(self) -> None:
        raise NotImplementedError


class _OneByOne(_Slots):
    """One cache per slot, of whatever kind the model wants."""

    takes_pieces = False  # Mamba's state is right only after one pass over all, or token by token

    def __init__(self, backend: CausalBackend) -> None:
        super().__init__(backend)
        self._caches: dict[int, Any] = {}

    def new_cache(self) -> Any:
        return DynamicCache(config=self.backend.model.config)

    def add(self, slot: int, cache: Any, length: int) -> None:
        self._caches[slot], self.lengths[slot] = cache, length

    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        found = {}
        for slot, token in tokens.items():
            ids = torch.tensor([[token]], device=self.backend.device)
            found[slot] = self.backend.forward(ids, self._caches[slot], start=[self.lengths[slot]])[0]
            self.lengths[slot] += 1
        return found

    def remove(self, slot: int) -> None:
        self._caches.pop(slot, None)
        self.lengths.pop(slot, None)

    def clear(self) -> None:
        self._caches.clear()


class _SideBySide(_Slots):
    """The caches of all slots as one, padded on the left.

    ``self._rows`` are the slots in ``self._cache``, a row each; ``self._fresh`` are slots that no step has seen yet.
    """

    def __init__(self, backend: CausalBackend) -> None:
        super().__init__(backend)
        self._rows: list[int] = []
        self._cache: DynamicCache | None = None
        self._fresh: dict[int, DynamicCache] = {}

    def new_cache(self) -> DynamicCache:
        return DynamicCache()  # without a config, so that sliding-window layers too keep all; the mask does the sliding

    def add(self, slot: int, cache: DynamicCache, length: int) -> None:
        self._fresh[slot], self.lengths[slot] = cache, length

    def remove(self, slot: int) -> None:
        # The row itself goes when the batch is next laid out.
        self._fresh.pop(slot, None)
        self.lengths.pop(slot, None)
        if not self.lengths:
            self.clear()

    def clear(self) -> None:
        self._rows, self._cache = [], None
        self._fresh.clear()

    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        wanted = list(tokens)
        if set(wanted) != set(self._rows):
            self._lay_out(wanted)
        device = self.backend.device
        lengths = [self.lengths[slot] for slot in self._rows]
        ids = torch.tensor([[tokens[slot]] for slot in self._rows], device=device)
        logits = self.backend.forward(ids, self._cache, start=lengths, mask=self._mask(lengths, device))
        for slot in self._rows:
            self.lengths[slot] += 1
        return dict(zip(self._rows, logits, strict=True))

    @staticmethod
    def _mask(lengths: list[int], device: torch.device) -> torch.Tensor | None:
        """1 where a row has a token, the new one included; None if no row is padded."""
        longest = max(lengths)
        if min(lengths) == longest:
            return None
        pads = torch.tensor([longest - length for length in lengths], device=device)[:, None]
        return (torch.arange(longest + 1, device=device) >= pads).long()

    def _lay_out(self, wanted: list[int]) -> None:
        """Makes the batch hold exactly the slots wanted; those it leaves out keep a cache of their own."""
        alone = {slot: self._taken(slot) for slot in self._rows if slot in self.lengths and slot not in wanted}
        parts = [self._taken(slot) for slot in wanted]
        self._fresh = {slot: cache for slot, cache in self._fresh.items() if slot not in wanted} | alone
        self._cache = parts[0] if len(parts) == 1 else _joined(parts)
        self._rows = wanted

    def _taken(self, slot: int) -> DynamicCache:
        """The slot's own cache, without padding."""
        if slot in self._fresh:
            return self._fresh[slot]
        assert self._cache is not None
        row, length = self._rows.index(slot), self.lengths[slot]
        if len(self._rows) == 1:
            return self._cache
        return _cache(
            (layer.keys[row : row + 1, :, -length:], layer.values[row : row + 1, :, -length:])
            for layer in self._cache.layers
        )


def _joined(parts: list[DynamicCache]) -> DynamicCache:
    longest = max(part.get_seq_length() for part in parts)
    return _cache(
        tuple(_stacked([getattr(part.layers[i], name) for part in parts], longest) for name in ("keys", "values"))
        for i in range(len(parts[0].layers))
    )


def _stacked(rows: list[torch.Tensor], longest: int) -> torch.Tensor:
    """(1, heads, length, width) each -> (rows, heads, longest, width), zeros on the left."""
    _, heads, _, width = rows[0].shape
    out = rows[0].new_zeros((len(rows), heads, longest, width))
    for i, row in enumerate(rows):
        out[i, :, longest - row.shape[2] :] = row[0]
    return out


def _cache(layers: Any) -> DynamicCache:
    cache = DynamicCache()
    for index, (keys, values) in enumerate(layers):
        cache.update(keys, values, index)
    return cache
