"""Output that always fits: a JSON schema or a regular expression, with bounds on length, through llguidance.

The output is complete whatever ``max_tokens`` is: before a token is taken, an end that still fits the tokens and
characters left is known (see :mod:`aigc_text.closing`). A token after which no such end is found is not taken; the
known end is, instead. If not even the shortest output fits, the request is refused before anything is decoded.

Characters are Unicode code points of the text as it is read, so ``len()`` of the parsed JSON string.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from aigc_sdk.contract.errors import SchemaUnsatisfiable
from aigc_sdk.contract.requests import TextRequest

from .closing import Quotes, Search, Vocabulary, allowed_by
from .preprocess import Prompt, ToolUse
from .schema import literals, prepared
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from .sampling import Ids

_JSON_STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""As ``json.dumps`` writes, which is what models have read most. Free white space is what small models get lost in."""

_vocabularies: WeakKeyDictionary[Tokenizer, Vocabulary] = WeakKeyDictionary()


def constraint_for(request: TextRequest, tokenizer: Tokenizer, vocab_size: int, max_tokens: int) -> Constraint | None:
    """What the request binds its output to, or None. A bound in characters alone needs no grammar and gives None.

    Args:
        vocab_size: width of the model's logits.

    Raises:
        SchemaUnsatisfiable: no output can fit, or the schema says something that cannot be guaranteed.
        InvalidRequest: ``max_chars`` names a field that is not there.
    """
    import llguidance

    if request.json_schema is not None:
        what, (schema, hints) = "json_schema", _schema(request)
        try:
            grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, overrides=_JSON_STYLE)
        except ValueError as error:
            raise _unsatisfiable(what, str(error)) from None
    elif request.regex is not None:
        what, hints = "regex", request.regex.replace("\\", "")
        grammar = llguidance.LLMatcher.grammar_from_regex(request.regex)
    else:
        return None
    vocabulary = vocabulary_of(tokenizer, vocab_size)
    matcher = llguidance.LLMatcher(vocabulary.inner, grammar, log_level=0)
    if matcher.is_error():
        raise _unsatisfiable(what, matcher.get_error())
    if warnings := matcher.get_grammar_warnings():
        raise _unsatisfiable(what, "; ".join(warnings))
    max_chars = request.max_chars if isinstance(request.max_chars, int) else None
    return Constraint(matcher, vocabulary, hints.encode(), what, max_tokens, max_chars)


def check_bounds(request: TextRequest, prompt: Prompt, tokenizer: Tokenizer, vocab_size: int) -> None:
    """Raises what :func:`constraint_for` raises for anything that the prompt may bind its output to."""
    use = prompt.tool_use
    constraint_for(bound_by(request, use), tokenizer, vocab_size, prompt.max_tokens)
    for option in (use.options or {}).values() if use is not None else ():
        check_bounds(request, option, tokenizer, vocab_size)


def bound_by(request: TextRequest, use: ToolUse | None) -> TextRequest:
    """The request, bound to a call of a function or to a choice where its prompt is for one."""
    if use is None:
        return request
    choice = f" ({'|'.join(use.options)})" if use.options is not None else None
    return request.model_copy(update={"json_schema": use.schema, "regex": choice, "max_chars": None})


def _schema(request: TextRequest) -> tuple[dict[str, Any], str]:
    """The request's schema, made ready, and what it says of strings."""
    assert request.json_schema is not None
    try:
        made = prepared(request.json_schema, request.max_chars if isinstance(request.max_chars, dict) else None)
        return made, literals(made)
    except (TypeError, AttributeError, ValueError) as error:
        raise _unsatisfiable("json_schema", f"it is no JSON schema ({error})") from None


def vocabulary_of(tokenizer: Tokenizer, vocab_size: int) -> Vocabulary:
    """The tokenizer as llguidance wants it; made once per tokenizer (0.3 s for 49,152 tokens)."""
    import llguidance

    if tokenizer not in _vocabularies:
        inner = llguidance.LLTokenizer(
            tokenizer.inner.to_str(), n_vocab=vocab_size, eos_token=sorted(tokenizer.eos_ids) or None
        )
        _vocabularies[tokenizer] = Vocabulary(inner)
    return _vocabularies[tokenizer]


class Constraint:
    """The state of one constrained output.

    Attributes:
        was_hurried: True once a token was replaced so that the output could end in time.
        ends_now: set it to True to bring the output to its end by the shortest way known.
    """

    def __init__(
        self,
        matcher: Any,
        vocabulary: Vocabulary,
        hints: bytes,
        what: str,
        max_tokens: int,
        max_chars: int | None,
    ) -> None:
        self.was_hurried = False
        self.ends_now = False
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._hints = hints
        self._what = what
        self._quotes = Quotes() if what == "json_schema" else None
        self._chars_left = max_chars
        self._end: list[int] = []
        if not self._find_end(max_tokens):
            bound = f"{max_tokens} tokens" + (f" and {max_chars} characters" if max_chars is not None else "")
            raise SchemaUnsatisfiable(
                f"no output that fits the {what} was found within {bound}", plugin="text", fix="allow more max_tokens"
            )

    @property
    def is_complete(self) -> bool:
        """True if nothing can follow."""
        return bool(self._matcher.is_stopped())

    def allowed(self) -> Ids:
        """Ids of the tokens that may come next, ascending; an end token is among them if the output may end."""
        found = np.flatnonzero(allowed_by(self._matcher, self._vocabulary.inner.vocab_size))
        self._check()
        return found

    def commit(self, wanted: int, left: int) -> int:
        """Takes ``wanted``, or if the output could then not end within ``left`` further tokens, what leads to its end.

        Returns the token taken.
        """
        if wanted in self.end_tokens or (not self.ends_now and self._take(wanted, left)):
            return wanted
        self.was_hurried = True
        token = self._end[0] if self._end else self._vocabulary.inner.eos_token
        if token not in self.end_tokens and not self._take(token, left):
            raise SchemaUnsatisfiable(f"the {self._what} could not be brought to an end", plugin="text")
        return int(token)

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end the output."""
        return frozenset(self._vocabulary.inner.eos_tokens)

    def _take(self, token: int, left: int) -> bool:
        """Takes the token if the output can still end after it; otherwise nothing changes."""
        before = self._quotes and self._quotes.copy(), self._chars_left
        text = self._vocabulary.bytes_of(token)
        self._matcher.consume_token(token)
        self._check()
        if self._quotes is not None:
            self._quotes.feed(text)
        if self._chars_left is not None:
            self._chars_left -= _characters(text)
        if self._end[:1] == [token]:
            del self._end[0]
            return True
        if self._find_end(left):
            return True
        self._matcher.rollback(1)
        self._quotes, self._chars_left = before
        return False

    def _find_end(self, left: int) -> bool:
        """Sees to it that ``_end`` leads from here to an end within what is left. Otherwise leaves it as it is."""
        if self._chars_left is not None and self._chars_left < 0:
            return False
        if self._matcher.is_accepting():
            self._end = []
            return True
        if self._fits(self._end, left) and self._leads_to_an_end():
            return True
        found = Search(self._vocabulary, self._matcher, left, self._quotes, self._hints).run()
        if found is None or not self._fits(found, left):
            return False
        self._end = found
        return True

    def _leads_to_an_end(self) -> bool:
        """True if the end known from before is one from here too (as it is inside a string)."""
        tokens = [*self._end, self._vocabulary.inner.eos_token]
        return bool(self._matcher.validate_tokens(tokens) == len(tokens))

    def _fits(self, end: list[int], left: int) -> bool:
        if self._chars_left is not None:
            text = b"".join(map(self._vocabulary.bytes_of, end))
            return len(end) <= left and _characters(text) <= self._chars_left
        return len(end) <= left

    def _check(self) -> None:
        if self._matcher.is_error():
            raise _unsatisfiable(self._what, self._matcher.get_error())


def _characters(text: bytes) -> int:
    """Code points that begin in the text."""
    return sum(byte & 0xC0 != 0x80 for byte in text)


def _unsatisfiable(what: str, why: str) -> SchemaUnsatisfiable:
    return SchemaUnsatisfiable(f"the {what} cannot be guaranteed: {' '.join(why.split())[:300]}", plugin="text")
