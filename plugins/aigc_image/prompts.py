"""What a model makes of a prompt's words: which it does not know, and where it stops reading."""

from __future__ import annotations

import unicodedata
from typing import Any

from aigc_sdk.contract.errors import PromptTooLong

LONGEST = 20_000
"""Characters of a prompt. Models read some hundreds of them; this only bounds the time it takes to find that out."""
_SHOWN = 6


def check_length(prompt: str, negative: str) -> None:
    """Raises PromptTooLong for what no picture model could use."""
    longest = max(len(prompt), len(negative))
    if longest > LONGEST:
        raise PromptTooLong(
            f"the prompt has {longest:,} characters; at most {LONGEST:,} are read",
            plugin="image",
            fix="describe the picture in some sentences",
        )


def remarks(prompt: str, tokenizer: Any) -> list[str]:
    """What the user should know about how the model reads the prompt, a sentence each; usually nothing.

    Args:
        tokenizer: of the pipeline's first text encoder.
    """
    said = []
    known, unknown = _words(prompt, tokenizer)
    if unknown and not known:
        said.append("the model knows none of the prompt's words, so they did not steer the picture")
    elif unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        said.append(f"the model does not know: {', '.join(unknown[:_SHOWN])}{more}; the rest of the prompt steered")
    limit = int(getattr(tokenizer, "model_max_length", 0) or 0)
    count = len(tokenizer(prompt, truncation=False, verbose=False)["input_ids"])
    if 0 < limit < count:
        said.append(f"the model reads {limit} tokens; the last {count - limit} of the prompt's {count} had no effect")
    return said


def _words(prompt: str, tokenizer: Any) -> tuple[list[str], list[str]]:
    """The prompt's words that the model knows and those it does not, as far as its tokenizer can tell.

    Only a tokenizer with a closed vocabulary has unknown words; one that falls back to letters or bytes has none.
    """
    unk = getattr(tokenizer, "unk_token_id", None)
    if unk is None or not getattr(tokenizer, "is_fast", False):
        return [], []
    read = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False)
    pieces = [(token, prompt[a:b]) for token, (a, b) in zip(read["input_ids"], read["offset_mapping"], strict=True)]
    words = [(token, piece) for token, piece in pieces if any(_counts(letter) for letter in piece)]
    known = [piece for token, piece in words if token != unk]
    unknown = [piece for token, piece in words if token == unk]
    return known, list(dict.fromkeys(unknown))


def _counts(letter: str) -> bool:
    """Letters, numbers and emoji count as words; punctuation does not."""
    return unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) == "So"
