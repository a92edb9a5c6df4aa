"""Checks JSON text against a schema with llguidance, for engines that constrain with grammars of their own."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

from aigc_sdk.contract.errors import MissingExtra, SchemaUnsatisfiable


class DocumentCheck:
    """A compiled JSON schema.

    Raises:
        SchemaUnsatisfiable: if nothing can fit the schema, or it says something that cannot be checked.
        MissingExtra: if llguidance is not installed.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        if importlib.util.find_spec("llguidance") is None:
            raise MissingExtra("text", ["llguidance"], plugin="text")
        from llguidance import LLMatcher

        try:
            self._grammar = LLMatcher.grammar_from_json_schema(schema)
            problem = self._matcher().get_error()
        except ValueError as error:
            problem = str(error)
        if problem:
            raise SchemaUnsatisfiable(f"json_schema: {' '.join(problem.split())}", plugin="text")

    def fits(self, text: str) -> bool:
        """True if the text, white space around it aside, is one whole document of the schema."""
        data = list(text.strip().encode("utf-8"))
        matcher = self._matcher()
        if matcher.validate_tokens(data) < len(data):
            return False
        matcher.consume_tokens(data)
        return bool(matcher.is_accepting())

    def _matcher(self) -> Any:
        from llguidance import LLMatcher

        return LLMatcher(_bytes(), self._grammar, log_level=0)


@cache
def _bytes() -> Any:
    """A vocabulary of the 256 bytes."""
    from llguidance import LLTokenizer

    return LLTokenizer("byte")
