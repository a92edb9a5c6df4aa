"""What the decode loop needs from an engine: slots that each hold one growing sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Logits = NDArray[np.float32]
    """Scores of the next token, shape ``(vocab_size,)``, natural-log scale before softmax."""


class PrefillCancelled(Exception):
    """``cancelled`` returned True while a prompt was read. The slot is free again."""


def never() -> bool:
    """Not cancelled."""
    return False


class Backend(Protocol):
    """Computes next-token scores for up to ``max_slots`` sequences. One thread at a time.

    The logits of a sequence depend on its own tokens only, whatever the other slots hold (bit-equal, or as the runner
    says). Arrays returned are the caller's to change; they are valid until the next call.

    Attributes:
        vocab_size: length of the logits.
        context_length: most tokens that a slot can hold.
        max_slots: sequences that can be held at once.
    """

    vocab_size: int
    context_length: int
    max_slots: int

    def prefill(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> tuple[int, Logits]:
        """Takes a free slot and reads a prompt of at least one token, in pieces; asks ``cancelled`` between them.

        Returns:
            The slot, and the logits after the last token.

        Raises:
            PrefillCancelled: if ``cancelled()`` was true.
            RuntimeError: if no slot is free.
        """

    def step(self, tokens: Mapping[int, int]) -> Mapping[int, Logits]:
        """Appends one token to every slot that is held; returns the logits after it, by slot."""

    def free(self, slot: int) -> None:
        """Gives the slot back."""

    def close(self) -> None:
        """Gives back all memory."""
