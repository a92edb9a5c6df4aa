"""From a request to what llama.cpp's server is asked: messages or a raw prompt, sampling, grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest, SchemaUnsatisfiable
from aigc_sdk.contract.requests import TextRequest

from .chat import PLAIN_STOP, PLAIN_TEMPLATE, render
from .document import DocumentCheck
from .preprocess import DEFAULT_MAX_TOKENS, continues_as_answer, conversation, raw_text
from .schema import prepared

MAX_GRAMMAR_CHARS = 2000
"""llama.cpp refuses grammars that repeat something more often."""
_ORDER = ["penalties", "temperature", "top_k", "top_p", "min_p"]
"""The samplers in the order of transformers, so that the options mean the same with every runner."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request in llama.cpp's words.

    Attributes:
        chat: whether ``fields`` holds messages (else a raw prompt).
        fields: as its OpenAI-compatible end points take them.
        check: of the JSON document that the answer has to be; None where it is free text.
        stop: strings that end an answer without a schema. llama.cpp is not told: what it cuts depends on its tokens.
        max_chars: most characters of an answer without a schema; None for any number.
        guarded: whether an answer that goes round in circles is ended.
    """

    chat: bool
    fields: dict[str, Any]
    check: DocumentCheck | None = None
    stop: tuple[str, ...] = ()
    max_chars: int | None = None
    guarded: bool = True


def request_body(request: TextRequest, *, has_template: bool) -> Body:
    """What to ask llama.cpp for a request; the seed is added when it runs.

    Raises:
        InvalidRequest: for what llama.cpp cannot do: regular expressions, hard n-gram bans.
        SchemaUnsatisfiable: for a schema or a bound it cannot keep.
    """
    if request.regex is not None:
        raise InvalidRequest(
            "runner gguf has no regular expressions", plugin="text", fix="use a json_schema, or runner onnx"
        )
    if request.options.get("no_repeat_ngram"):
        raise InvalidRequest("runner gguf has no no_repeat_ngram", plugin="text", fix="use a repetition_penalty")
    fields = _sampling(request)
    schema = _bounded_schema(request)
    if schema is not None:
        fields["json_schema"] = schema
    check = None if schema is None else DocumentCheck(schema)
    max_chars = request.max_chars if isinstance(request.max_chars, int) else None
    guarded = schema is None and bool(request.options.get("repetition_guard", True))
    chat, words = _words(request, has_template)
    # A stop string would cut a document anywhere; its end ends it instead.
    stop = (*request.stop, *words.pop("stop", ())) if schema is None else ()
    if request.logprobs:
        fields |= {"logprobs": True, "top_logprobs": 1} if chat else {"logprobs": 1}
    return Body(chat, fields | words, check, stop, max_chars, guarded)


def _words(request: TextRequest, has_template: bool) -> tuple[bool, dict[str, Any]]:
    """Whether it is a chat, and its messages or raw prompt."""
    continued = continues_as_answer(request) and has_template
    if request.task == "text-generation" and not continued:
        return False, {"prompt": raw_text(request)}
    turns = conversation(request)
    if continued:
        turns.append({"role": "assistant", "content": raw_text(request)})
    if has_template:
        return True, {"messages": turns}
    return False, {"prompt": render(PLAIN_TEMPLATE, turns, {}), "stop": PLAIN_STOP}


def _sampling(request: TextRequest) -> dict[str, Any]:
    return {
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "top_k": request.top_k or 0,
        "min_p": request.min_p or 0.0,
        "repeat_penalty": request.repetition_penalty or 1.0,
        "repeat_last_n": request.max_tokens or DEFAULT_MAX_TOKENS,
        "samplers": _ORDER,
        "stream": True,
        "timings_per_token": True,  # counts tokens, also of an answer that is ended from here
        # A prompt read in other pieces than before rounds differently; the same seed would give another text.
        "cache_prompt": False,
    }


def _bounded_schema(request: TextRequest) -> dict[str, Any] | None:
    if request.json_schema is None:
        return None
    if isinstance(request.max_chars, int):
        raise SchemaUnsatisfiable(
            "runner gguf cannot bound the length of a whole JSON document",
            plugin="text",
            fix="bound its fields: max_chars={'headline': 30}",
        )
    for bound in (request.max_chars or {}).values():
        _check_bound(bound)
    return prepared(request.json_schema, request.max_chars)


def _check_bound(bound: int) -> None:
    if bound > MAX_GRAMMAR_CHARS:
        raise SchemaUnsatisfiable(
            f"runner gguf can bound text to at most {MAX_GRAMMAR_CHARS:,} characters, not {bound:,}", plugin="text"
        )


def seed32(seed: int) -> int:
    """The request's 53-bit seed in the 32 bits that llama.cpp takes (where all ones would mean a random one)."""
    folded = (seed ^ (seed >> 32)) & 0xFFFFFFFF
    return folded if folded != 0xFFFFFFFF else 0
