"""The runner that all backends share: prompts in, decoded text out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

from aigc_sdk.contract.events import Event
from aigc_sdk.contract.requests import Request, TextRequest
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from .backend import Backend
from .constraint import check_bounds
from .decoding import decode
from .preprocess import Prompt
from .tokenizer import Tokenizer


class TextRunner(BaseRunner):
    """A language model behind a :class:`~aigc_text.backend.Backend`.

    Args:
        make_prompt: turns a request into token ids.
        weights: name and sha256 of the model's files. libraries: import names for the receipt.
    """

    def __init__(
        self,
        backend: Backend,
        tokenizer: Tokenizer,
        make_prompt: Callable[[TextRequest], Prompt],
        *,
        weights: dict[str, str],
        libraries: tuple[str, ...],
    ) -> None:
        self.backend = backend
        self.tokenizer = tokenizer
        self.weights = weights
        self.libraries = libraries
        self._make_prompt = make_prompt

    def preprocess(self, request: Request) -> Prompt:
        assert isinstance(request, TextRequest)
        prompt = self._make_prompt(request)
        # A schema that cannot be met is refused here, in the caller's time, and not in the middle of others' answers.
        check_bounds(request, prompt, self.tokenizer, self.backend.vocab_size)
        return prompt

    def batch_key(self, request: Request) -> Hashable:
        """All text requests run together: each slot has its own sampler, length and constraint."""
        return "text"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        return decode(items, self.backend, self.tokenizer, context)

    def close(self) -> None:
        self.backend.close()
