"""Prompts of encoder-decoder models, which were trained for their tasks and take no instructions."""

from __future__ import annotations

from typing import Any

from aigc_sdk.contract.errors import InvalidRequest, PromptTooLong
from aigc_sdk.contract.requests import TextRequest

from .preprocess import DEFAULT_MAX_TOKENS, Prompt, raw_text, target
from .tokenizer import Tokenizer

T5_LIKE = ("t5", "mt5", "umt5", "longt5", "switch_transformers")


def make_seq2seq_prompt(request: TextRequest, tokenizer: Tokenizer, config: dict[str, Any], limit: int) -> Prompt:
    """The tokens that the encoder reads.

    Args:
        config: the model's ``config.json``. limit: tokens that encoder and decoder take, each.

    Raises:
        PromptTooLong: if the text does not fit the encoder.
        InvalidRequest: if there is a system prompt, or the model does not know the target language.
    """
    if request.system or len(request.messages) > 1 or request.tools:
        what = "this model takes a text, neither a system prompt nor a conversation nor tools"
        raise InvalidRequest(what, plugin="text")
    text = _prefix(request, tokenizer, config) + raw_text(request)
    tokens = tokenizer.encode(text, special=True)
    if len(tokens) > limit:
        raise PromptTooLong(
            f"the text is {len(tokens):,} tokens long; the model reads {limit:,}",
            plugin="text",
            fix="shorten the text, or take it in parts",
        )
    most = min(request.max_tokens or DEFAULT_MAX_TOKENS, limit)
    return Prompt(tuple(tokens), most, request.stop, continued=False)


def _prefix(request: TextRequest, tokenizer: Tokenizer, config: dict[str, Any]) -> str:
    if request.task == "translation" and config.get("model_type") == "marian":
        return _language_token(request, tokenizer)
    if request.task not in ("summarization", "translation") or config.get("model_type") not in T5_LIKE:
        return ""
    if request.task == "summarization":
        return "summarize: "
    return f"translate English to {target(request)}: "


def _language_token(request: TextRequest, tokenizer: Tokenizer) -> str:
    """The token that tells a Marian model with several target languages which one to write, such as ``>>fra<<``."""
    known = {token.strip("<>").lower(): token for token in tokenizer.inner.get_vocab() if token.startswith(">>")}
    if not known:
        return ""
    tag = (request.target_language or "").lower()
    for name in (tag, tag.replace("-", "_"), tag.split("-")[0]):
        if name in known:
            return f"{known[name]} "
    raise InvalidRequest(
        f"the model does not write {tag!r}" if tag else "the model writes several languages: give a target_language",
        plugin="text",
        fix="it writes " + ", ".join(sorted(known)[:40]),
    )
