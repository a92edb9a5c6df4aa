"""The decode loop: many items in the slots of one backend, each with its own choices, limits and end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aigc_sdk.contract.artifacts import FinishReason, TextArtifact
from aigc_sdk.contract.errors import AigcError, BrokenPlugin
from aigc_sdk.contract.events import Completed, Delta, Event, Failed
from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.contract.runner import Item, RunContext

from .backend import Backend, PrefillCancelled
from .constraint import constraint_for
from .preprocess import Prompt
from .sampling import Sampler, is_looping
from .text_stream import TextStream
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from .backend import Logits

_LOOK_FOR_LOOPS = 16
"""Tokens between two looks for a repeating passage."""


def decode(
    items: Sequence[Item], backend: Backend, tokenizer: Tokenizer, context: RunContext
) -> Iterator[tuple[int, Event]]:
    """Runs items whose ``inputs`` are a :class:`~aigc_text.preprocess.Prompt` and whose request is a text request.

    Yields ``Delta`` events and, last for each item, ``Completed`` with units ``input_tokens`` and ``output_tokens``
    (the end token is not counted), or ``Failed``. Between two steps one further prompt is read, so that those who are
    already being answered do not wait for all who come; free slots are offered to ``context.admit``. An item is
    dropped within one step of its cancellation. Only what the backend raises leaves this function.
    """
    waiting = deque(items)
    live: dict[int, _Answer] = {}
    try:
        while True:
            for slot, answer in list(live.items()):
                if context.cancelled(answer.item.index):
                    _drop(live, slot, backend)
            free = backend.max_slots - len(live) - len(waiting)
            if free > 0:
                waiting.extend(context.admit(free))
            if waiting and len(live) < backend.max_slots:
                yield from _start(waiting.popleft(), live, backend, tokenizer, context)
            if live:
                scores = backend.step({slot: answer.last for slot, answer in live.items()})
                for slot, answer in list(live.items()):
                    yield from _continue(answer, scores[slot], live, slot, backend)
            elif not waiting:
                return
    finally:
        for slot in list(live):
            _drop(live, slot, backend)


def _start(
    item: Item, live: dict[int, _Answer], backend: Backend, tokenizer: Tokenizer, context: RunContext
) -> Iterator[tuple[int, Event]]:
    """Reads an item's prompt and takes its first token."""
    if context.cancelled(item.index):
        return
    try:
        answer = _Answer(item, tokenizer, backend.vocab_size)
    except Exception as error:  # noqa: BLE001 - one item's fault must not end its neighbours
        yield item.index, Failed(_as_error(error))
        return
    try:
        slot, logits = backend.prefill(answer.prompt.tokens, lambda: context.cancelled(item.index))
    except PrefillCancelled:
        return
    live[slot] = answer
    yield from _continue(answer, logits, live, slot, backend)


def _continue(
    answer: _Answer, logits: Logits, live: dict[int, _Answer], slot: int, backend: Backend
) -> Iterator[tuple[int, Event]]:
    """Takes the next token of one item; frees its slot when that was the last one."""
    try:
        events = answer.take(logits)
    except Exception as error:  # noqa: BLE001 - one item's fault must not end its neighbours
        events = [Failed(_as_error(error))]
    if events and isinstance(events[-1], (Completed, Failed)):
        _drop(live, slot, backend)
    for event in events:
        yield answer.item.index, event


def _as_error(error: Exception) -> AigcError:
    if isinstance(error, AigcError):
        return error
    broken = BrokenPlugin(f"{type(error).__name__}: {error}", plugin="text")
    broken.__cause__ = error
    return broken


def _drop(live: dict[int, _Answer], slot: int, backend: Backend) -> None:
    del live[slot]
    backend.free(slot)


class _Answer:
    """One item on its way.

    Attributes:
        last: the token to append next.
    """

    def __init__(self, item: Item, tokenizer: Tokenizer, vocab_size: int) -> None:
        request = item.request
        assert isinstance(request, TextRequest)
        assert isinstance(item.inputs, Prompt)
        self.item = item
        self.prompt = item.inputs
        self.last = -1
        self._written: list[int] = []
        self._ends = tokenizer.eos_ids
        self._constraint = constraint_for(request, tokenizer, vocab_size, self.prompt.max_tokens)
        self._sampler = _sampler(request, item.seed)
        before = self.prompt.tokens if self.prompt.continued else ()
        max_chars = request.max_chars if isinstance(request.max_chars, int) else None
        # A stop string or a bound would cut a constrained text anywhere; its constraint ends it instead.
        limits = (self.prompt.stop, max_chars) if self._constraint is None else ((), None)
        self._text = TextStream(tokenizer, before, *limits)
        self._guarded = bool(request.options.get("repetition_guard", True))
        self._logprobs: list[float] | None = [] if request.logprobs else None

    def take(self, logits: Logits) -> list[Event]:
        """Chooses a token; returns the events that follow from it."""
        scores = logits.copy() if self._logprobs is not None else None
        token = self._choose(logits)
        ends = token in self._ends or (self._constraint is not None and token in self._constraint.end_tokens)
        if not ends:
            if scores is not None and self._logprobs is not None:
                self._logprobs.append(_logprob(scores, token))
            self.last = token
            self._written.append(token)
            self._sampler.accept(token)
        piece = "" if ends else self._text.push(token)
        reason = "stop" if ends else self._reason()
        if reason is not None:
            piece += self._text.finish()
        events: list[Event] = [Delta(piece)] if piece else []
        return events if reason is None else [*events, self._completed(reason)]

    def _choose(self, logits: Logits) -> int:
        if self._constraint is None:
            return self._sampler.choose(logits)
        wanted = self._sampler.choose(logits, self._constraint.allowed())
        return self._constraint.commit(wanted, self.prompt.max_tokens - len(self._written) - 1)

    def _reason(self) -> FinishReason | None:
        """Why the answer ends here, if it does."""
        if self._text.ended:
            return self._text.ended
        if self._constraint is not None and self._constraint.is_complete:
            in_time = self._constraint.ends_now or not self._constraint.was_hurried
            return "stop" if in_time else "length"
        if len(self._written) >= self.prompt.max_tokens:
            return "length"
        if self._guarded and len(self._written) % _LOOK_FOR_LOOPS == 0 and is_looping(self._written):
            if self._constraint is None:
                return "stop"
            self._constraint.ends_now = True
        return None

    def _completed(self, reason: FinishReason) -> Completed:
        mean = float(np.mean(self._logprobs)) if self._logprobs else None
        artifact = TextArtifact(text=self._text.text, finish_reason=reason, logprob=mean)
        units = {"input_tokens": float(len(self.prompt.tokens)), "output_tokens": float(len(self._written))}
        return Completed(artifact, units)


def _sampler(request: TextRequest, seed: int) -> Sampler:
    """The request's choices; what neither it nor the model card says is off."""
    return Sampler(
        seed=seed,
        temperature=1.0 if request.temperature is None else request.temperature,
        top_k=request.top_k or 0,
        top_p=1.0 if request.top_p is None else request.top_p,
        min_p=request.min_p or 0.0,
        repetition_penalty=request.repetition_penalty or 1.0,
        no_repeat_ngram=int(request.options.get("no_repeat_ngram") or 0),  # type: ignore[arg-type]
    )


def _logprob(logits: Logits, token: int) -> float:
    """Natural log of the token's probability under unscaled logits."""
    scores = logits.astype(np.float64)
    highest = scores.max()
    return float(scores[token] - highest - np.log(np.exp(scores - highest).sum()))
