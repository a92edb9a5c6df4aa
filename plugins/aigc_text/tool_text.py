"""A call of a function while it is written: where it begins in a text, and what it says when it is whole."""

from __future__ import annotations

import json
from typing import Any

from aigc_sdk.contract.requests import TextRequest

from .constraint import Constraint, bound_by, constraint_for
from .preprocess import ToolUse
from .text_stream import TextStream
from .tokenizer import Tokenizer


class ToolText:
    """The part of an answer that is no text: a call, its arguments, or a choice.

    Attributes:
        begun: whether what is written now belongs to it.
        begins: the token that begins a call in the midst of a text; -1 if this is no such call.
        forced: tokens that are written next, whatever the model would choose.
    """

    def __init__(self, use: ToolUse, request: TextRequest, tokenizer: Tokenizer, vocab_size: int) -> None:
        self.use = use
        self.begun = not use.begins
        self.begins = use.begins[0] if use.begins else -1
        self.forced: list[int] = []
        self._request = request
        self._tokenizer = tokenizer
        self._vocab_size = vocab_size
        self._stream = TextStream(tokenizer, ())

    @property
    def text(self) -> str:
        """What was written of it."""
        self._stream.finish()
        return self._stream.text

    def begin(self, left: int) -> Constraint | None:
        """A call begins here, with ``left`` further tokens to write. Returns what it is bound to.

        Raises:
            SchemaUnsatisfiable: no call fits into the tokens that are left.
        """
        self.begun = True
        self.forced = list(self.use.begins[1:])
        bound = bound_by(self._request, self.use)
        return constraint_for(bound, self._tokenizer, self._vocab_size, left - len(self.forced))

    def push(self, token: int) -> None:
        """One more token of it."""
        self._stream.push(token)

    def made(self) -> dict[str, Any]:
        """The call, when it is whole."""
        document = json.loads(self.text)
        return {"name": self.use.name, "arguments": document} if self.use.name is not None else document
