"""The fast CPU backend: an int8 ONNX decoder with one key-value cache that all slots share.

Each row of the cache belongs to one sequence. A step computes neighbouring rows in place; a sequence that ends leaves a
hole, which another one fills. The prompt that a row held stays there until the row is needed: one that begins like it
(worked examples, variants of one brief) is not read again.

A result must not depend on what ran before or beside it, to the bit. The kernels compute a row the same way whatever
the other rows hold. The backend checks that on this processor when it is made; where it is not so, steps are padded to
an even number of rows and prompts are always read anew, because kernels that differ do so between one row and two
(:func:`_rows_agree`). And the attention rounds differently for one token than for several, so what was generated is not
taken for a prompt that was read, and a prompt is read in pieces of at least two tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_sdk.contract.errors import CorruptModel

from .backend import PrefillCancelled, never
from .convert_onnx import DECODER, GRAPH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .backend import Logits

PREFILL_CHUNK = 128
"""Prompt tokens per run; between two runs a cancel takes effect."""
_FIRST_CAPACITY = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """What ``decoder.json`` says."""

    layers: int
    kv_heads: int
    head_size: int
    context_length: int
    vocab_size: int


class OrtBackend:
    """A decoder-only model in an onnxruntime session. See :class:`~aigc_text.backend.Backend`.

    Args:
        session: of a graph made by :mod:`aigc_text.convert_onnx`.
        max_slots: sequences held at once. The cache grows with the longest of them, at 4 x 2 x layers x key-value
            heads x head size bytes per slot and token (46 KB for SmolLM2-135M), doubling.
    """

    def __init__(self, session: Any, shape: Shape, *, max_slots: int = 8) -> None:
        self.vocab_size = shape.vocab_size
        self.context_length = shape.context_length
        self.max_slots = max_slots
        self._shape = shape
        self._session = session
        self._logits = np.empty((max_slots + 1, 1, shape.vocab_size), np.float32)
        self._cache: dict[str, NDArray[np.float32]] = {}
        self._bindings: dict[tuple[int, int], Any] = {}
        self._slots: list[int | None] = [None] * (max_slots + 1)  # by row; the last one only pads
        self._held: list[list[int]] = [[] for _ in self._slots]  # tokens in the cache, by row
        self._read: list[int] = [0 for _ in self._slots]  # of them, how many were read as a prompt
        self._next_slot = 0
        self._grow(min(_FIRST_CAPACITY, shape.context_length))
        self._even = False
        self._even = max_slots > 1 and not _rows_agree(self)

    @classmethod
    def load(cls, folder: Path, *, threads: int, max_slots: int = 8) -> OrtBackend:
        """Loads a converted folder.

        Args:
            threads: CPU threads of matrix products.

        Raises:
            CorruptModel: if the folder's files are damaged or were not made by :mod:`aigc_text.convert_onnx`.
        """
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait give a fifth more speed on an idle machine (2 cores: 157 instead of 124
        # tokens/s), and cost three quarters of it where cores are shared (25 instead of 105): a waiting thread then
        # uses up the time that the one it waits for needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors; at load it warns about initialisers that are merely unused
        try:
            shape = Shape(**json.loads((folder / DECODER).read_text("utf-8")))
            session = ort.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])
            return cls(session, shape, max_slots=max_slots)
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception as error:
            reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise CorruptModel(f"{folder} cannot be loaded by onnxruntime: {reason[0]}", plugin="text") from error

    # --- the backend's face ---------------------------------------------------------------------------------------

    def prefill(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> tuple[int, Logits]:
        row = self._row_for(tokens)
        self._reserve(len(tokens))
        held = self._held[row]
        while len(held) < len(tokens):
            if cancelled():
                raise PrefillCancelled
            left = len(tokens) - len(held)
            size = PREFILL_CHUNK - 2 if left == PREFILL_CHUNK + 1 else PREFILL_CHUNK
            chunk = tokens[len(held) : len(held) + size]
            logits = self._run(row, [chunk], [len(held) + len(chunk)])
            held.extend(chunk)
            self._read[row] = len(held)
        slot, self._next_slot = self._next_slot, self._next_slot + 1
        self._slots[row] = slot
        return slot, logits[0]

    def step(self, tokens: Mapping[int, int]) -> Mapping[int, Logits]:
        if set(tokens) != {slot for slot in self._slots if slot is not None}:
            raise RuntimeError("a step takes one token for every slot that is held")
        first = self._gather()
        rows = range(first, first + len(tokens))
        slots = [self._slot(row) for row in rows]
        ids = [[tokens[slot]] for slot in slots]
        lengths = [len(self._held[row]) + 1 for row in rows]
        self._reserve(max(lengths))
        if self._even and len(rows) % 2:
            ids, lengths, self._read[rows.stop] = [*ids, [0]], [*lengths, 1], 0
        logits = self._run(first, ids, lengths)
        for row, (token,) in zip(rows, ids, strict=False):
            self._held[row].append(token)
        return dict(zip(slots, logits, strict=False))

    def free(self, slot: int) -> None:
        self._slots[self._slots.index(slot)] = None

    def close(self) -> None:
        self._bindings.clear()
        self._cache.clear()
        self._session = None

    # --- rows -----------------------------------------------------------------------------------------------------

    def _slot(self, row: int) -> int:
        slot = self._slots[row]
        assert slot is not None
        return slot

    def _row_for(self, tokens: Sequence[int]) -> int:
        """A free row that holds what any row holds of the prompt's beginning, and nothing after it."""
        free = [row for row in range(self.max_slots) if self._slots[row] is None]
        if not free:
            raise RuntimeError("no slot is free")
        most = 0 if self._even else len(tokens) - 2  # what is left has to be two tokens at least
        common = [_common(held, tokens, min(most, read)) for held, read in zip(self._held, self._read, strict=True)]
        best = max(range(len(common)), key=common.__getitem__)
        row = best
        if best not in free or common[best] == 0:
            row = min(free, key=lambda r: len(self._held[r]))
            self._copy(best, row, common[best])
        del self._held[row][common[best] :]
        self._read[row] = common[best]
        return row

    def _gather(self) -> int:
        """Moves the sequences into neighbouring rows. Returns the first of them; the row after them is free."""
        taken = [row for row, slot in enumerate(self._slots) if slot is not None]
        starts = range(self.max_slots - len(taken) + 1)
        first = max(starts, key=lambda start: sum(start <= row < start + len(taken) for row in taken))
        window = range(first, first + len(taken))
        holes = [row for row in window if self._slots[row] is None]
        for hole, row in zip(holes, (row for row in taken if row not in window), strict=True):
            self._copy(row, hole, len(self._held[row]))
            self._slots[hole], self._slots[row] = self._slots[row], None
        return first

    def _copy(self, source: int, target: int, length: int) -> None:
        """Copies the first ``length`` tokens of a row over another."""
        if length:
            for array in self._cache.values():
                array[target, :, :length] = array[source, :, :length]
        self._held[target] = self._held[source][:length]
        self._read[target] = min(length, self._read[source])

    def _reserve(self, length: int) -> None:
        capacity = next(iter(self._cache.values())).shape[2]
        if length > self.context_length:
            raise RuntimeError(f"more than {self.context_length:,} tokens in a slot")
        if length > capacity:
            self._grow(min(self.context_length, max(length, 2 * capacity)))

    def _grow(self, capacity: int) -> None:
        self._bindings.clear()
        shape = (self.max_slots + 1, self._shape.kv_heads, capacity, self._shape.head_size)
        for layer in range(self._shape.layers):
            for part in ("key", "value"):
                name = f"{layer}.{part}"
                old, new = self._cache.get(name), np.zeros(shape, np.float32)  # untouched pages cost no memory
                for row, held in enumerate(self._held):
                    if old is not None and held:
                        new[row, :, : len(held)] = old[row, :, : len(held)]
                self._cache[name] = new

    # --- the session ----------------------------------------------------------------------------------------------

    def _run(self, first: int, tokens: Sequence[Sequence[int]], lengths: Sequence[int]) -> NDArray[np.float32]:
        """One pass over the rows from ``first`` on; ``lengths`` is each row's number of tokens after it.

        Returns the last token's logits, shape (rows, vocabulary), in a buffer that the next pass overwrites.
        """
        binding = self._binding(first, len(tokens))
        ids = np.array(tokens, np.int64)
        last = np.array(lengths, np.int32) - 1
        total = np.array(max(lengths), np.int32)
        for name, array in (("input_ids", ids), ("seqlens_k", last), ("total_length", total)):
            binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        self._session.run_with_iobinding(binding)
        return self._logits[: len(tokens), 0]

    def _binding(self, first: int, count: int) -> Any:
        """The cache's rows bound as past and as present at once: the attention appends in place."""
        key = (first, count)
        if key not in self._bindings:
            binding = self._session.io_binding()
            for name, array in self._cache.items():
                rows = array[first : first + count]
                binding.bind_input(f"past_key_values.{name}", "cpu", 0, np.float32, rows.shape, rows.ctypes.data)
                binding.bind_output(f"present.{name}", "cpu", 0, np.float32, rows.shape, rows.ctypes.data)
            logits = self._logits[:count]
            binding.bind_output("logits", "cpu", 0, np.float32, logits.shape, logits.ctypes.data)
            self._bindings[key] = binding
        return self._bindings[key]


def _common(held: Sequence[int], tokens: Sequence[int], most: int) -> int:
    """How many of the first ``most`` tokens are the same."""
    count = 0
    for ours, theirs in zip(held, tokens[: max(0, most)], strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def _rows_agree(backend: OrtBackend) -> bool:
    """True if a row computed alone is bit-equal to one computed beside another (kernels differ by processor)."""
    first, _ = backend.prefill([1, 2, 3])
    alone = backend.step({first: 4})[first].copy()
    backend.free(first)
    first, second = backend.prefill([1, 2, 3])[0], backend.prefill([5, 6])[0]
    together = backend.step({first: 4, second: 7})[first]
    agree = bool(np.array_equal(alone, together))
    for slot in (first, second):
        backend.free(slot)
    backend._read = [0 for _ in backend._read]
    return agree
