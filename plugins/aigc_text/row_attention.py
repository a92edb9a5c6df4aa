"""Attention for a batch whose rows have caches of different lengths: each row attends to its own cache, unpadded.

What a row computes is then the same whatever the other rows hold, down to the last bit; padding would change the order
in which numbers are summed up. It plugs into transformers as an attention implementation
(https://huggingface.co/docs/transformers/attention_interface).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "aigc_rows"


class RowsCache(DynamicCache):
    """The caches of several rows as the model sees them for one step.

    Args:
        rows: a cache for each row, which the step extends; None for a row that only fills up the batch.
    """

    def __init__(self, rows: Sequence[DynamicCache | None]) -> None:
        super().__init__()
        self.rows = rows

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any) -> Any:
        """Appends (rows, heads, 1, width). Returns each row's keys and values, (1, heads, its length, width)."""
        keys, values = [], []
        for row, cache in enumerate(self.rows):
            key, value = key_states[row : row + 1], value_states[row : row + 1]
            if cache is not None:
                key, value = cache.update(key, value, layer_idx)
            keys.append(key)
            values.append(value)
        return keys, values

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return max(0 if cache is None else cache.get_seq_length(layer_idx) for cache in self.rows)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: Any,
    value: Any,
    attention_mask: torch.Tensor | None,
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """transformers' sdpa, once for a prompt, row by row for a step (``key`` is then a list)."""
    if not isinstance(key, list):
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, sliding_window=sliding_window, **options
        )
    found = []
    for row in range(len(key)):
        own_key, own_value = key[row], value[row]
        if sliding_window is not None:
            own_key, own_value = own_key[:, :, -sliding_window:], own_value[:, :, -sliding_window:]
        own_query = query[row : row + 1].contiguous()
        found.append(sdpa_attention_forward(module, own_query, own_key, own_value, None, **options)[0])
    return torch.cat(found), None


def _mask(batch_size: int, q_length: int, kv_length: int, **options: Any) -> torch.Tensor | None:
    """None for a step (each row sees its whole cache), sdpa's own for a prompt."""
    if batch_size > 1 and q_length == 1:
        return None
    return sdpa_mask(batch_size=batch_size, q_length=q_length, kv_length=kv_length, **options)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, _mask)
