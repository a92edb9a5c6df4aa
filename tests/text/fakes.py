"""A tokenizer and a backend small enough to read: what they do is known exactly, so that the decode loop can be tested.

They are fakes. Real ones are in test_ort.py and test_causal.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from aigc_text.backend import PrefillCancelled, never
from aigc_text.preprocess import Prompt
from aigc_text.tokenizer import Tokenizer
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import decoders, models, pre_tokenizers

from aigc_sdk import Item, TextRequest

END = "<|end|>"
MERGES = ("th", "in", "an", "er", "on", "re", "he", '", ', '": ', "ab", "mug", "red ", '{"', '"}')


def small_tokenizer() -> Tokenizer:
    """Every byte is a token, as are some longer pieces; emoji and Chinese take several tokens each."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {character: i for i, character in enumerate(alphabet)}
    merges: list[tuple[str, str]] = []
    for piece in MERGES:
        spelled = "".join(_spelled(piece))
        for cut in range(1, len(spelled)):
            left, right = spelled[:cut], spelled[cut]
            if left + right not in vocab:
                merges.append((left, right))
                vocab[left + right] = len(vocab)
    inner = FastTokenizer(models.BPE(vocab=vocab, merges=merges))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([END])
    end = inner.token_to_id(END)
    return Tokenizer(inner, Path("fake"), eos_ids={end}, vocab_size=inner.get_vocab_size())


def _spelled(text: str) -> str:
    """The text in the alphabet of byte-level tokenizers."""
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)[0][0]


class FakeBackend:
    """Logits are noise that depends on the slot's tokens alone, or a script's next token.

    Args:
        scripts: by prompt, the tokens to write one after the other.
        room: what ``context_length`` says.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        max_slots: int = 4,
        scripts: Mapping[tuple[int, ...], Sequence[int]] | None = None,
        room: int = 10_000,
    ) -> None:
        self.vocab_size = vocab_size
        self.context_length = room
        self.max_slots = max_slots
        self.steps: list[int] = []
        self.held: dict[int, list[int]] = {}
        self._prompts: dict[int, int] = {}
        self._scripts = scripts or {}
        self._next = 0
        self.on_step: Callable[[], None] = lambda: None

    def prefill(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> tuple[int, np.ndarray]:
        assert len(self.held) < self.max_slots
        if cancelled():
            raise PrefillCancelled
        slot, self._next = self._next, self._next + 1
        self.held[slot] = list(tokens)
        self._prompts[slot] = len(tokens)
        return slot, self._logits(slot)

    def step(self, tokens: Mapping[int, int]) -> dict[int, np.ndarray]:
        assert set(tokens) == set(self.held)
        self.on_step()
        self.steps.append(len(tokens))
        for slot, token in tokens.items():
            self.held[slot].append(token)
        return {slot: self._logits(slot) for slot in tokens}

    def free(self, slot: int) -> None:
        del self.held[slot]

    def close(self) -> None:
        assert not self.held

    def _logits(self, slot: int) -> np.ndarray:
        tokens = self.held[slot]
        prompt = tuple(tokens[: self._prompts[slot]])
        if prompt in self._scripts:
            logits = np.full(self.vocab_size, -50, np.float32)
            logits[self._scripts[prompt][len(tokens) - len(prompt)]] = 0
            return logits
        seed = zlib.crc32(np.array(tokens, np.int64).tobytes())
        return np.random.default_rng(seed).normal(0, 2, self.vocab_size).astype(np.float32)


def item(tokenizer: Tokenizer, prompt: str, *, index: int = 0, seed: int = 0, **fields: object) -> Item:
    """An item of a text request; ``max_tokens`` is 20 unless given."""
    request = TextRequest.model_validate({"prompt": prompt, "options": {"repetition_guard": False}} | fields)
    tokens = tuple(tokenizer.encode(prompt))
    return Item(index, request, Prompt(tokens, request.max_tokens or 20, request.stop), seed)
