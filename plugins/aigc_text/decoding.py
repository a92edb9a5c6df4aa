"""The decode loop: many items in the slots of one backend, each with its own choices, limits and end."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.artifacts import FinishReason, TextArtifact
from aigc_sdk.contract.errors import AigcError, BrokenPlugin
from aigc_sdk.contract.events import Completed, Delta, Event, Failed
from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.contract.runner import Item, RunContext

from .backend import Backend, PrefillCancelled
from .constraint import bound_by, constraint_for
from .preprocess import Prompt
from .sampling import Sampler, is_looping
from .text_stream import TextStream
from .token_scores import TokenScores
from .tokenizer import Tokenizer
from .tool_text import ToolText

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
                answer = yield from _start(waiting.popleft(), live, backend, tokenizer, context)
                waiting.extendleft(_chosen(answer))
            if live:
                scores = backend.step({slot: answer.last for slot, answer in live.items()})
                for slot, answer in list(live.items()):
                    yield from _continue(answer, scores[slot], live, slot, backend)
                    waiting.extendleft(_chosen(answer))
            elif not waiting:
                return
    finally:
        for slot in list(live):
            _drop(live, slot, backend)


def _start(
    item: Item, live: dict[int, _Answer], backend: Backend, tokenizer: Tokenizer, context: RunContext
) -> Generator[tuple[int, Event], None, _Answer | None]:
    """Reads an item's prompt and takes its first token. Returns the answer that has begun, if one has."""
    if context.cancelled(item.index):
        return None
    try:
        answer = _Answer(item, tokenizer, backend.vocab_size)
    except Exception as error:  # noqa: BLE001 - one item's fault must not end its neighbours
        yield item.index, Failed(_as_error(error))
        return None
    try:
        slot, logits = backend.prefill(answer.prompt.tokens, lambda: context.cancelled(item.index))
    except PrefillCancelled:
        return None
    live[slot] = answer
    yield from _continue(answer, logits, live, slot, backend)
    return answer


def _chosen(answer: _Answer | None) -> list[Item]:
    """The item again, with the prompt that its choice has led to; nothing if the answer was no choice, or goes on."""
    if answer is None or answer.chosen is None:
        return []
    return [replace(answer.item, inputs=answer.chosen)]


def _continue(
    answer: _Answer, logits: Logits, live: dict[int, _Answer], slot: int, backend: Backend
) -> Iterator[tuple[int, Event]]:
    """Takes the next token of one item; frees its slot when that was the last one."""
    try:
        events = answer.take(logits)
    except Exception as error:  # noqa: BLE001 - one item's fault must not end its neighbours
        events = [Failed(_as_error(error))]
    if answer.chosen is not None or (events and isinstance(events[-1], (Completed, Failed))):
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
        chosen: the prompt to go on with, once a choice between several is made.
    """

    def __init__(self, item: Item, tokenizer: Tokenizer, vocab_size: int) -> None:
        request = item.request
        assert isinstance(request, TextRequest)
        assert isinstance(item.inputs, Prompt)
        self.item = item
        self.prompt = item.inputs
        self.last = -1
        self.chosen: Prompt | None = None
        self._written: list[int] = []
        self._ends = tokenizer.eos_ids
        use = self.prompt.tool_use
        self._call = ToolText(use, request, tokenizer, vocab_size) if use is not None else None
        self._constraint = None
        if self._call is None or self._call.begun:
            self._constraint = constraint_for(bound_by(request, use), tokenizer, vocab_size, self.prompt.max_tokens)
        self._sampler = _sampler(request, item.seed, greedy=use is not None and use.options is not None)
        before = self.prompt.tokens if self.prompt.continued else ()
        max_chars = request.max_chars if isinstance(request.max_chars, int) else None
        # A stop string or a bound would cut a constrained text anywhere; its constraint ends it instead.
        limits = (self.prompt.stop, max_chars) if self._constraint is None else ((), None)
        self._text = TextStream(tokenizer, before, *limits)
        self._guarded = bool(request.options.get("repetition_guard", True))
        asked = request.logprobs or request.top_logprobs is not None
        self._scores = TokenScores(tokenizer, vocab_size, request.top_logprobs) if asked else None

    @property
    def _is_calling(self) -> bool:
        return self._call is not None and self._call.begun

    def take(self, logits: Logits) -> list[Event]:
        """Chooses a token; returns the events that follow from it."""
        scores = logits.copy() if self._scores is not None and not self._is_calling else None
        token = self._choose(logits)
        ends = token in self._ends or (self._constraint is not None and token in self._constraint.end_tokens)
        if not ends:
            if scores is not None and self._scores is not None:
                self._scores.add(scores, token)
            self.last = token
            self._written.append(token)
            self._sampler.accept(token)
        piece = self._piece(token, ends)
        reason = "stop" if ends else self._reason()
        if reason is None:
            return [Delta(piece)] if piece else []
        if self._is_calling:
            return self._called(piece, reason)
        piece += self._text.finish()
        completed = self._completed(reason)
        return [Delta(piece), completed] if piece else [completed]

    def _piece(self, token: int, ends: bool) -> str:
        """The text that the token adds; nothing of a call."""
        if self._call is None:
            return "" if ends else self._text.push(token)
        if self._call.begun:
            if not ends:
                self._call.push(token)
            return ""
        if token != self._call.begins:
            return "" if ends else self._text.push(token)
        left = self.prompt.max_tokens - len(self._written)
        self._constraint = self._call.begin(left)
        return self._text.finish()

    def _called(self, piece: str, reason: FinishReason) -> list[Event]:
        """The end of a call or of a choice."""
        assert self._call is not None
        use = self._call.use
        if use.options is not None:
            spent = (self._read(), self._count())
            self.chosen = replace(use.options[self._call.text.strip()], spent=spent)
            return []
        completed = self._completed(reason, (self._call.made(),))
        return [Delta(piece), completed] if piece else [completed]

    def _choose(self, logits: Logits) -> int:
        if self._call is not None and self._call.forced:
            return self._call.forced.pop(0)
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

    def _completed(self, reason: FinishReason, calls: tuple[dict[str, Any], ...] = ()) -> Completed:
        text = self._text.text
        artifact = TextArtifact(
            text=text,
            finish_reason=reason,
            logprob=self._scores.mean if self._scores is not None else None,
            tokens=self._scores.tokens(text, cut=self._text.ended is not None) if self._scores is not None else (),
            tool_calls=calls,
        )
        return Completed(artifact, {"input_tokens": float(self._read()), "output_tokens": float(self._count())})

    def _read(self) -> int:
        return len(self.prompt.tokens) + self.prompt.spent[0]

    def _count(self) -> int:
        return len(self._written) + self.prompt.spent[1]


def _sampler(request: TextRequest, seed: int, *, greedy: bool = False) -> Sampler:
    """The request's choices; what neither it nor the model card says is off. ``greedy``: the likeliest token."""
    temperature = 1.0 if request.temperature is None else request.temperature
    return Sampler(
        seed=seed,
        temperature=0.0 if greedy else temperature,
        top_k=request.top_k or 0,
        top_p=1.0 if request.top_p is None else request.top_p,
        min_p=request.min_p or 0.0,
        repetition_penalty=request.repetition_penalty or 1.0,
        no_repeat_ngram=int(request.options.get("no_repeat_ngram") or 0),  # type: ignore[arg-type]
    )
