"""How an output that is bound by a grammar can be brought to its end, in as few tokens as are easily found.

llguidance says which tokens may come next, not how far it is to the end. So the end is searched for: by choosing what
closes (the quote of a string, then the brackets), and where nothing closes, by a beam search over single characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLOSERS = '}]"0123456789tfn-,:[{ '
"""Outside a string, what to choose: what ends a value before what begins one."""
_BEAM = 12
"""Sequences kept per level and set of next tokens."""
_FILLERS = 64
"""Tokens of filling tried before a beam search."""


class Vocabulary:
    """What the search has to know of a tokenizer.

    Args:
        inner: llguidance's tokenizer.

    Attributes:
        characters: token id of each single printable ASCII character.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        texts = [self.bytes_of(token) for token in range(inner.vocab_size)]
        self._filling = np.array([len(t) if t.isascii() and t.strip().isalpha() else 0 for t in texts])
        singles = {text: token for token, text in reversed(list(enumerate(texts))) if len(text) == 1}
        self.characters = {chr(c): singles[bytes([c])] for c in range(32, 127) if bytes([c]) in singles}

    def bytes_of(self, token: int) -> bytes:
        """The token's text; empty for special tokens."""
        return b"" if self.inner.is_special_token(token) else bytes(self.inner.decode_bytes([token]))

    def filler(self, allowed: NDArray[np.bool_]) -> int | None:
        """The longest allowed token of letters."""
        lengths = self._filling * allowed[: len(self._filling)]
        token = int(lengths.argmax())
        return token if lengths[token] else None


def allowed_by(matcher: Any, size: int) -> NDArray[np.bool_]:
    """Which of ``size`` tokens may come next."""
    bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
    return np.unpackbits(bits, count=size, bitorder="little").view(np.bool_)


@dataclass(slots=True)
class Quotes:
    """Whether a JSON text so far ends inside a string."""

    inside: bool = False
    _escaped: bool = False

    def feed(self, text: bytes) -> None:
        for byte in text:
            if self._escaped:
                self._escaped = False
            elif byte == 0x5C and self.inside:
                self._escaped = True
            elif byte == 0x22:
                self.inside = not self.inside

    def copy(self) -> Quotes:
        return Quotes(self.inside, self._escaped)


@dataclass(slots=True)
class Search:
    """Looks for an end from one state of a matcher, which is left as it is.

    Attributes:
        limit: most tokens of the end.
        quotes: where a JSON text stands; None for other grammars.
        hints: text of the grammar; its characters are tried, in its order.
    """

    vocabulary: Vocabulary
    matcher: Any
    limit: int
    quotes: Quotes | None
    hints: str
    found: list[int] = field(default_factory=list)

    def run(self) -> list[int] | None:
        """The tokens of an end; None if none was found within the limit."""
        self.matcher = self.matcher.deep_copy()
        self.quotes = self.quotes and self.quotes.copy()
        while not self.matcher.is_accepting():
            if len(self.found) >= self.limit or not self._advance():
                return None
        return self.found if len(self.found) <= self.limit else None

    def _advance(self) -> bool:
        if forced := self.matcher.compute_ff_tokens():
            return self._take(forced)
        if self.quotes is not None:
            for character in '"' if self.quotes.inside else _CLOSERS:
                token = self.vocabulary.characters.get(character)
                if token is not None and self.matcher.validate_tokens([token]) == 1:
                    return self._take([token])
        return self._take(self._filling() or self._beam() or [])

    def _take(self, tokens: list[int]) -> bool:
        if not tokens or not self.matcher.consume_tokens(tokens):
            return False
        self.found.extend(tokens)
        if self.quotes is not None:
            for token in tokens:
                self.quotes.feed(self.vocabulary.bytes_of(token))
        return True

    def _is_goal(self, matcher: Any) -> bool:
        """The grammar may end here; in a string, the string may."""
        quote = self.vocabulary.characters.get('"')
        closes = self.quotes is not None and quote is not None and matcher.validate_tokens([quote]) == 1
        return closes or bool(matcher.is_accepting())

    def _filling(self) -> list[int] | None:
        """Letters up to where the text may end; enough for minimum lengths and choices."""
        matcher, found = self.matcher.deep_copy(), []
        while len(found) < min(_FILLERS, self.limit - len(self.found)):
            token = self.vocabulary.filler(allowed_by(matcher, self.vocabulary.inner.vocab_size))
            if token is None or not matcher.consume_token(token):
                return None
            found.append(token)
            if self._is_goal(matcher):
                return found
        return None

    def _beam(self) -> list[int] | None:
        """A sequence of single characters up to where the text may end; enough for most patterns."""
        level: list[tuple[str, Any]] = [("", self.matcher)]
        for _ in range(self.limit - len(self.found)):
            groups: dict[bytes, list[tuple[str, Any]]] = {}
            for text, matcher in level:
                for longer, state in self._longer(text, matcher):
                    if self._is_goal(state):
                        return [self.vocabulary.characters[c] for c in longer]
                    groups.setdefault(bytes(state.compute_bitmask()), []).append((longer, state))
            level = [entry for group in groups.values() for entry in self._best(group)]
            if not level:
                return None
        return None

    def _longer(self, text: str, matcher: Any) -> Iterable[tuple[str, Any]]:
        for character in dict.fromkeys(self.hints + "a0 A.-_/"):
            token = self.vocabulary.characters.get(character)
            if token is not None and matcher.validate_tokens([token]) == 1:
                state = matcher.deep_copy()
                state.consume_token(token)
                yield text + character, state

    def _best(self, group: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Those whose end stands in the grammar: the letters of a literal in their order."""
        return sorted(group, key=lambda entry: -_longest_end_in(entry[0], self.hints))[:_BEAM]


def _longest_end_in(text: str, hints: str) -> int:
    return next((size for size in range(len(text), 0, -1) if text[-size:] in hints), 0)
