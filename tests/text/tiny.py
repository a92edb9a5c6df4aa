"""Tiny models made on the spot, and stand-ins for what the engine and the store give to a runner."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc_sdk.contract.events import Completed, Delta, Event
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.contract.runner import Item, Runner

CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_plan(runner: str = "transformers", **changes: Any) -> Plan:
    """A plan for the CPU with one thread and room for four."""
    values: dict[str, Any] = {
        "model": "tiny",
        "runner": runner,
        "device": "cpu",
        "device_kind": "cpu",
        "device_name": "CPU",
        "dtype": "float32",
        "threads": 1,
        "bytes_needed": 0,
        "bytes_free": 4 * 1024**3,
        "max_batch": 4,
    }
    return Plan(**(values | changes))


@dataclass
class FolderFiles:
    """The store's ``ModelFiles`` over a folder; conversions go to ``home``."""

    source: Path
    home: Path
    trust_remote_code: bool = False
    sha256: dict[str, str] = field(default_factory=dict)

    def folder(self) -> Path:
        self.sha256 = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in self.source.iterdir() if p.is_file()}
        return self.source

    def converted(self, name: str, build: Callable[[Path, Path], None]) -> Path:
        target = self.home / name
        if not target.exists():
            build(self.folder(), target)
        return target


@dataclass
class Context:
    """A ``RunContext``: cancels what is in ``gone``, admits what is in ``more``."""

    plan: Plan = field(default_factory=make_plan)
    more: list[Item] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)

    def cancelled(self, index: int) -> bool:
        return index in self.gone

    def progress(self, index: int, step: int, of: int | None = None, what: str = "") -> None:
        pass

    def admit(self, limit: int) -> Sequence[Item]:
        admitted, self.more = self.more[:limit], self.more[limit:]
        return admitted

    def rung(self, name: str) -> None:
        pass


def make_item(runner: Runner, index: int, *, seed: int = 1, **fields: Any) -> Item:
    """A request, preprocessed as the engine does."""
    request = TextRequest(**fields)
    return Item(index, request, runner.preprocess(request), seed)


def outcomes(runner: Runner, items: Iterable[Item], context: Context | None = None) -> dict[int, Event]:
    """The last event of each item; checks that the deltas of an answer add up to its text."""
    last: dict[int, Event] = {}
    streamed: dict[int, str] = {}
    for index, event in runner.run(list(items), context or Context()):
        if isinstance(event, Delta):
            streamed[index] = streamed.get(index, "") + event.text
        else:
            last[index] = event
    for index, event in last.items():
        if isinstance(event, Completed):
            assert streamed.get(index, "") == event.artifact.text  # type: ignore[attr-defined]
    return last


def answer(runner: Runner, *, seed: int = 1, **fields: Any) -> Any:
    """The text artifact of one request run alone."""
    event = outcomes(runner, [make_item(runner, 0, seed=seed, **fields)])[0]
    assert isinstance(event, Completed), event
    return event.artifact


def byte_tokenizer(folder: Path, *, chat_template: str | None = CHAT_TEMPLATE) -> int:
    """Writes a tokenizer that has a token for every byte and the chat's special tokens. Returns its size."""
    import json

    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"eos_token": "<|im_end|>", "bos_token": "<|endoftext|>", "tokenizer_class": "TokenizersBackend"}
    if chat_template:
        settings["chat_template"] = chat_template
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return len(vocabulary)


def save_tiny(folder: Path, architecture: str, config: str, spread: float = 0.3, **settings: Any) -> Path:
    """Saves a model with random weights (always the same ones)."""
    import torch
    import transformers

    generator = torch.Generator().manual_seed(7)
    model = getattr(transformers, architecture)(getattr(transformers, config)(**settings))
    for weights in model.parameters():
        weights.data.copy_(torch.randn(weights.shape, generator=generator) * spread)
    model.save_pretrained(folder)
    return folder


LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
