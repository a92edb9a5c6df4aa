"""Token ids to text, piece by piece: whole characters only, and never a part of a stop string.

The stop string that is complete first ends the text, as if it were read character by character; of several that end
at the same character, the one that begins first. So the text does not depend on the pieces that it came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

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
        stop: strings that end the text and are not part of it.
        max_chars: most characters (code points) of the text; None for any number.

    Attributes:
        text: what was given out so far.
        ended: ``stop`` once a stop string came, ``length`` once ``max_chars`` is reached, else None. Then nothing
            more is given out.
    """

    def __init__(
        self, tokenizer: Decodes, prompt: Sequence[int], stop: Sequence[str] = (), max_chars: int | None = None
    ) -> None:
        self.text = ""
        self.ended: Literal["stop", "length"] | None = None
        self._tokenizer = tokenizer
        self._stop = stop
        self._max_chars = max_chars
        self._tail = list(prompt[-_CONTEXT:])  # ids that the next piece is decoded after, then ids not given out yet
        self._known = len(self._tail)
        self._held = ""  # decoded, but may be the beginning of a stop string

    def push(self, token: int) -> str:
        """The text that is certain after one more token; often empty."""
        self._tail.append(token)
        return self._give(self._decoded(final=False), final=False)

    def finish(self) -> str:
        """What was held back. A character that is still unfinished is dropped."""
        return self._give(self._decoded(final=True), final=True)

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

    def _give(self, piece: str, *, final: bool) -> str:
        if self.ended:
            return ""
        held = self._held + piece
        found = [(place + len(stop), place) for stop in self._stop if (place := held.find(stop)) >= 0]
        if found:
            held, self.ended, final = held[: min(found)[1]], "stop", True
        ready = len(held) if final else len(held) - _begun(held, self._stop)
        given, self._held = held[:ready], held[ready:]
        if self._max_chars is not None and len(self.text) + len(given) >= self._max_chars:
            over = len(self.text) + len(given) > self._max_chars
            given = given[: self._max_chars - len(self.text)]
            self.ended = "length" if over or not final else self.ended
        self.text += given
        return given


def _begun(text: str, stops: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that a stop string begins with."""
    longest = max(map(len, stops), default=1) - 1
    for size in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return size
    return 0
