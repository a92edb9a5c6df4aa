"""How an output that is bound by a grammar can be brought to its end, in as few tokens as are easily found.

llguidance says which tokens may come next, not how far it is to the end. So the end is searched for: by choosing what
closes (the quote of a string, then the brackets), and where nothing closes, by a beam search over single bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLOSERS = b'}]"0123456789tfn-,:[{ '
"""Outside a string, what to choose: what ends a value before what begins one."""
_BEAMS = (12, 48)
"""Sequences kept per level and set of next tokens: few are quick and mostly enough; more if they find nothing."""
_DEPTH = 64
"""Tokens of filling, or of a beam search, before the search is given up."""
_STATES = 4_000
"""States looked at before a beam search is given up: about half a second."""
_TRIED = b"a01 A.-_/@:TZ+\x80\xa0"
"""Bytes tried beside the hints; enough for the formats of JSON schema (date, email, uri) and to finish a character."""


class Vocabulary:
    """What the search has to know of a tokenizer.

    Args:
        inner: llguidance's tokenizer.

    Attributes:
        of_byte: the token that is this one byte.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        texts = [self.bytes_of(token) for token in range(inner.vocab_size)]
        self._filling = np.array([len(t) if t.isascii() and t.strip().isalpha() else 0 for t in texts])
        self.of_byte = {text[0]: token for token, text in enumerate(texts) if len(text) == 1}

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
        hints: the regular expressions of the grammar; their bytes are tried, in their order.
    """

    vocabulary: Vocabulary
    matcher: Any
    limit: int
    quotes: Quotes | None
    hints: bytes
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
            for byte in b'"' if self.quotes.inside else _CLOSERS:
                token = self.vocabulary.of_byte.get(byte)
                if token is not None and self.matcher.validate_tokens([token]) == 1:
                    return self._take([token])
        return self._take(self._filling() or next(filter(None, map(self._beam, _BEAMS)), []))

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
        quote = self.vocabulary.of_byte.get(ord('"'))
        closes = self.quotes is not None and quote is not None and matcher.validate_tokens([quote]) == 1
        return closes or bool(matcher.is_accepting())

    def _filling(self) -> list[int] | None:
        """Letters up to where the text may end; enough for minimum lengths and choices."""
        matcher, found = self.matcher.deep_copy(), []
        while len(found) < min(_DEPTH, self.limit - len(self.found)):
            token = self.vocabulary.filler(allowed_by(matcher, self.vocabulary.inner.vocab_size))
            if token is None or not matcher.consume_token(token):
                return None
            found.append(token)
            if self._is_goal(matcher):
                return found
        return None

    def _beam(self, width: int) -> list[int] | None:
        """A sequence of single bytes up to where the text may end; enough for most patterns."""
        level: list[tuple[bytes, Any]] = [(b"", self.matcher)]
        states = 0
        for _ in range(min(_DEPTH, self.limit - len(self.found))):
            groups: dict[bytes, list[tuple[bytes, Any]]] = {}
            for longer, state in (entry for text, matcher in level for entry in self._longer(text, matcher)):
                if self._is_goal(state):
                    return [self.vocabulary.of_byte[byte] for byte in longer]
                groups.setdefault(bytes(state.compute_bitmask()), []).append((longer, state))
                states += 1
                if states > _STATES:
                    return None
            level = [entry for group in groups.values() for entry in self._best(group, width)]
        return None

    def _longer(self, text: bytes, matcher: Any) -> Iterable[tuple[bytes, Any]]:
        for byte in dict.fromkeys(self.hints + _TRIED):
            token = self.vocabulary.of_byte.get(byte)
            if token is not None and matcher.validate_tokens([token]) == 1:
                state = matcher.deep_copy()
                state.consume_token(token)
                yield text + bytes([byte]), state

    def _best(self, group: list[tuple[bytes, Any]], width: int) -> list[tuple[bytes, Any]]:
        """Those whose end stands in the hints: the letters of a literal in their order."""
        return sorted(group, key=lambda entry: -_longest_end_in(entry[0], self.hints))[:width]


def _longest_end_in(text: bytes, hints: bytes) -> int:
    return next((size for size in range(len(text), 0, -1) if text[-size:] in hints), 0)
