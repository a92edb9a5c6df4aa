"""A growing text that ends before a stop string or at its bound, whatever pieces it comes in.

The stop string that is complete first ends the text, as if it were read character by character; of several that end
at the same character, the one that begins first. Every runner's text passes through here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal


class BoundedText:
    """The text of one item.

    Args:
        stop: strings that end the text and are not part of it; none of them empty.
        max_chars: most characters (code points) of the text; None for any number.

    Attributes:
        text: what was given out so far.
        ended: ``stop`` once a stop string came, ``length`` once ``max_chars`` is reached, else None. Then nothing
            more is given out.
    """

    def __init__(self, stop: Sequence[str] = (), max_chars: int | None = None) -> None:
        self.text = ""
        self.ended: Literal["stop", "length"] | None = None
        self._stop = stop
        self._max_chars = max_chars
        self._held = ""  # may be the beginning of a stop string

    def push(self, piece: str) -> str:
        """The text that is certain after one more piece; often empty."""
        return "".join(self._next(character) for character in piece)

    def finish(self) -> str:
        """What was held back; nothing follows."""
        if self.ended:
            return ""
        held, self._held = self._held, ""
        return self._give(held, whole=True)

    def _next(self, character: str) -> str:
        if self.ended:
            return ""
        held = self._held + character
        if stop := max((len(stop) for stop in self._stop if held.endswith(stop)), default=0):
            self.ended, self._held = "stop", ""
            return self._give(held[:-stop], whole=True)
        ready = len(held) - _begun(held, self._stop)
        self._held = held[ready:]
        return self._give(held[:ready], whole=False)

    def _give(self, piece: str, *, whole: bool) -> str:
        """``piece`` as far as there is room; ``whole`` says that the text ends with it."""
        if self._max_chars is not None and len(self.text) + len(piece) >= self._max_chars:
            room = self._max_chars - len(self.text)
            self.ended = "length" if len(piece) > room or not whole else self.ended
            piece = piece[:room]
        self.text += piece
        return piece


def _begun(text: str, stops: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that a stop string begins with."""
    longest = max(map(len, stops), default=1) - 1
    for size in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return size
    return 0
