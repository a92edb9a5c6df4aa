"""A model folder's tokenizer and chat template, without importing transformers (which takes seconds)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import CorruptModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer as FastTokenizer

TURN_ENDS = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<end_of_turn>",
    "<turn|>",
    "<|end|>",
    "<|endoftext|>",
    "<|EOT|>",
)
"""Special tokens that end an answer whatever the configuration says (the list llama.cpp also goes by)."""


class Tokenizer:
    """Text to token ids and back, the ids that end an answer, and the chat template.

    Attributes:
        inner: the ``tokenizers.Tokenizer``; constraint engines build their token table from it.
        folder: where it came from.
        chat_template: the model's own Jinja source, or None if it has none.
        special: named special tokens, such as ``bos_token`` and ``eos_token``, for the template.
        eos_ids: ids that end an answer; may be empty.
        vocab_size: width of the model's logits (may exceed the tokenizer's own size).
    """

    def __init__(
        self,
        inner: FastTokenizer,
        folder: Path,
        *,
        eos_ids: Iterable[int],
        vocab_size: int,
        chat_template: str | None = None,
        special: dict[str, str] | None = None,
    ) -> None:
        self.inner = inner
        self.folder = folder
        self.chat_template = chat_template
        self.special = special or {}
        self.vocab_size = vocab_size
        self.eos_ids = frozenset(eos_ids)

    @classmethod
    def load(cls, folder: Path) -> Tokenizer:
        """Reads ``tokenizer.json`` and the configuration files beside it.

        Raises:
            CorruptModel: if ``tokenizer.json`` is missing or cannot be read.
        """
        from tokenizers import Tokenizer as FastTokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise CorruptModel(f"{folder} has no tokenizer.json", plugin="text")
        try:
            inner = FastTokenizer.from_file(str(path))
        except Exception as error:  # noqa: BLE001 - tokenizers raises nothing narrower
            raise CorruptModel(f"{path} cannot be read: {error}", plugin="text") from None
        inner.no_padding()
        inner.no_truncation()
        return cls.wrap(inner, folder)

    @classmethod
    def wrap(cls, inner: FastTokenizer, folder: Path, chat_template: str | None = None) -> Tokenizer:
        """The tokenizer with what the configuration files in ``folder`` say about it."""
        settings = read_json(folder / "tokenizer_config.json")
        config = read_json(folder / "config.json")
        special = _special_tokens(settings, read_json(folder / "special_tokens_map.json"))
        return cls(
            inner,
            folder,
            eos_ids=_end_ids(inner, special, config, read_json(folder / "generation_config.json")),
            vocab_size=int(text_config(config).get("vocab_size") or inner.get_vocab_size()),
            chat_template=chat_template or _template(folder, settings),
            special=special,
        )

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids of ``text``; ``special`` adds what the model expects around a raw text, such as a BOS."""
        ids: list[int] = self.inner.encode(text, add_special_tokens=special).ids
        return ids

    def decode(self, ids: Sequence[int], *, keep_special: bool = False) -> str:
        """Text of token ids. An unfinished multi-byte character ends as U+FFFD."""
        text: str = self.inner.decode(list(ids), skip_special_tokens=not keep_special)
        return text

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """Ids of all special tokens."""
        return frozenset(i for i, token in self.inner.get_added_tokens_decoder().items() if token.special)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``, or an empty one if there is no such file.

    Raises:
        CorruptModel: if the file is not a JSON object.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CorruptModel(f"{path} is not JSON: {error}", plugin="text") from None
    if not isinstance(value, dict):
        raise CorruptModel(f"{path} does not hold a JSON object", plugin="text")
    return value


def text_config(config: dict[str, Any]) -> dict[str, Any]:
    """The part of a ``config.json`` that describes the language model (multimodal ones nest it)."""
    inner = config.get("text_config")
    return config | inner if isinstance(inner, dict) else config


def _special_tokens(*sources: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in sources:
        for name, value in source.items():
            content = value.get("content") if isinstance(value, dict) else value
            if name.endswith("_token") and isinstance(content, str):
                found[name] = content
    return found


def _end_ids(inner: FastTokenizer, special: dict[str, str], *configs: dict[str, Any]) -> set[int]:
    ends = {inner.token_to_id(token) for token in (special.get("eos_token", ""), *TURN_ENDS)}
    for config in configs:
        value = text_config(config).get("eos_token_id")
        ends.update(value if isinstance(value, list) else [value])
    return {int(end) for end in ends if end is not None}


def _template(folder: Path, settings: dict[str, Any]) -> str | None:
    beside = folder / "chat_template.jinja"
    if beside.is_file():
        return beside.read_text("utf-8")
    value = settings.get("chat_template") or read_json(folder / "chat_template.json").get("chat_template")
    if isinstance(value, list):  # several named ones
        named = {entry["name"]: entry["template"] for entry in value}
        value = named.get("default")
    return value if isinstance(value, str) else None
