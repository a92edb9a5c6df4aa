"""Token ids to text, piece by piece: whole characters only, and never a part of a stop string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from .bounded_text import BoundedText

_UNFINISHED = "\ufffd"
_CONTEXT = 4
"""Prompt tokens that the first piece is decoded after, so that decoders which drop a leading space keep it."""


class Decodes(Protocol):
    """What is needed of a tokenizer."""

    def decode(self, ids: Sequence[int], /) -> str:
        """Text of token ids; an unfinished multi-byte character ends as U+FFFD."""


class TextStream:
    """The growing text of one item.

    Args:
        tokenizer: decodes ids.
        prompt: ids that the text follows.
        stop, max_chars: end the text, as in :class:`~aigc_text.bounded_text.BoundedText`.

    Attributes:
        text: what was given out so far.
        ended: ``stop`` once a stop string came, ``length`` once ``max_chars`` is reached, else None. Then nothing
            more is given out.
    """

    def __init__(
        self, tokenizer: Decodes, prompt: Sequence[int], stop: Sequence[str] = (), max_chars: int | None = None
    ) -> None:
        self._bounded = BoundedText(stop, max_chars)
        self._tokenizer = tokenizer
        self._tail = list(prompt[-_CONTEXT:])  # ids that the next piece is decoded after, then ids not given out yet
        self._known = len(self._tail)

    @property
    def text(self) -> str:
        return self._bounded.text

    @property
    def ended(self) -> Literal["stop", "length"] | None:
        return self._bounded.ended

    def push(self, token: int) -> str:
        """The text that is certain after one more token; often empty."""
        self._tail.append(token)
        return self._bounded.push(self._decoded(final=False))

    def finish(self) -> str:
        """What was held back. A character that is still unfinished is dropped."""
        return self._bounded.push(self._decoded(final=True)) + self._bounded.finish()

    def _decoded(self, *, final: bool) -> str:
        before = self._tokenizer.decode(self._tail[: self._known])
        after = self._tokenizer.decode(self._tail)
        if after.endswith(_UNFINISHED):
            if not final:
                return ""
            after = after.rstrip(_UNFINISHED)
        piece = after[len(before) :]
        if piece:
            # Decoding afresh from the last piece on keeps every step short, whatever the length of the text. A token
            # without text (a special one) is no such piece: decoders that drop a leading space would drop one after it.
            del self._tail[: self._known]
            self._known = len(self._tail)
        return piece
