"""Runs any GGUF file with llama.cpp (through xllamacpp): its own chat templates, sampling, grammars and slots."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from aigc_sdk.contract.artifacts import TextArtifact
from aigc_sdk.contract.errors import AigcError, InvalidRequest, PromptTooLong, SchemaUnsatisfiable
from aigc_sdk.contract.events import Completed, Delta, Event, Failed
from aigc_sdk.contract.requests import Request, TextRequest
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from .bounded_text import BoundedText
from .document import DocumentCheck
from .gguf_body import Body, request_body, seed32
from .gguf_server import LlamaServer
from .sampling import is_looping

LOOK_FOR_LOOPS = 16
"""Pieces between two looks for a repeating passage."""
POLL_S = 0.02
"""Longest that a cancelled or a new request waits for notice while others run, in seconds."""


@dataclass(slots=True)
class _Answer:
    """One request in progress; its thread fills it."""

    item: Item
    body: Body
    text: BoundedText
    stop: threading.Event = field(default_factory=threading.Event)
    pieces: list[str] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish: Literal["stop", "length"] = "stop"
    counted: dict[str, Any] = field(default_factory=dict)


class GgufRunner(BaseRunner):
    """A llama.cpp server inside this process, a slot for each request.

    Args:
        server: owns the model.
        weights: name and sha256 of the model's files.
    """

    libraries = ("xllamacpp",)

    def __init__(self, server: LlamaServer, weights: dict[str, str]) -> None:
        self.weights = weights
        self._server = server
        self._threads = ThreadPoolExecutor(server.slots, thread_name_prefix="aigc-gguf")

    def preprocess(self, request: Request) -> Body:
        assert isinstance(request, TextRequest)
        return request_body(request, has_template=self._server.has_template)

    def batch_key(self, request: Request) -> Hashable:
        return "gguf"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        events: queue.Queue[tuple[int, Event | None]] = queue.Queue()
        live: dict[int, _Answer] = {}
        waiting = list(items)
        try:
            while waiting or live:
                if not waiting and len(live) < self._server.slots:
                    waiting.extend(context.admit(self._server.slots - len(live)))
                while waiting and len(live) < self._server.slots:
                    self._begin(waiting.pop(0), live, events)
                for index, answer in live.items():
                    if context.cancelled(index):
                        answer.stop.set()
                try:
                    index, event = events.get(timeout=POLL_S)
                except queue.Empty:
                    continue
                answer = live[index]
                if event is None or isinstance(event, (Completed, Failed)):
                    del live[index]
                if event is not None and not answer.stop.is_set():
                    yield index, event
        finally:
            self._abandon(live, events)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._server.close()

    def _begin(self, item: Item, live: dict[int, _Answer], events: queue.Queue[tuple[int, Event | None]]) -> None:
        text = BoundedText(item.inputs.stop, item.inputs.max_chars)
        answer = live[item.index] = _Answer(item, item.inputs, text)
        self._threads.submit(self._answer, answer, lambda event: events.put((item.index, event)))

    @staticmethod
    def _abandon(live: dict[int, _Answer], events: queue.Queue[tuple[int, Event | None]]) -> None:
        """Stops what still runs (the caller wants no more) and waits until its slots are free."""
        for answer in live.values():
            answer.stop.set()
        while live:
            index, event = events.get()
            if event is None or isinstance(event, (Completed, Failed)):
                live.pop(index, None)

    # --- in the request's thread ----------------------------------------------------------------------------------

    def _answer(self, answer: _Answer, emit: Callable[[Event | None], None]) -> None:
        """Runs one request; always ends with one ``Completed``, ``Failed`` or, if it was stopped, None."""
        try:
            fields = answer.body.fields | {"seed": seed32(answer.item.seed)}
            self._server.ask(answer.body.chat, fields, lambda chunk: self._take(answer, chunk, emit))
            if not answer.stop.is_set() and (rest := answer.text.finish()):
                emit(Delta(rest))
            emit(None if answer.stop.is_set() else self._completed(answer))
        except AigcError as error:
            emit(Failed(error))
        except Exception as error:  # noqa: BLE001 - llama.cpp reports most of what it refuses this way
            emit(Failed(InvalidRequest(f"llama.cpp refused the request: {error}", plugin="text")))

    def _take(self, answer: _Answer, chunk: dict[str, Any], emit: Callable[[Event | None], None]) -> bool:
        """Takes one streamed chunk. Returns True to stop."""
        if "error" in chunk:
            raise _refusal(chunk["error"])
        answer.counted = chunk.get("timings") or answer.counted
        for choice in chunk.get("choices", ()):
            text = choice["delta"].get("content") if "delta" in choice else choice.get("text")
            for token in (choice.get("logprobs") or {}).get("content", ()):
                answer.logprobs.append(token["logprob"])
            if choice.get("finish_reason"):
                answer.finish = "length" if choice["finish_reason"] == "length" else "stop"
            if text and not answer.stop.is_set():
                answer.pieces.append(text)
                if piece := answer.text.push(text):
                    emit(Delta(piece))
        return answer.stop.is_set() or answer.text.ended is not None or _goes_round(answer)

    def _completed(self, answer: _Answer) -> Event:
        text = answer.text.text
        if answer.body.check is not None:
            _check_document(text, answer, answer.body.check)
        artifact = TextArtifact(
            text=text,
            finish_reason=answer.text.ended or answer.finish,
            logprob=sum(answer.logprobs) / len(answer.logprobs) if answer.logprobs else None,
        )
        units = {
            "input_tokens": float(answer.counted.get("prompt_n", 0)),
            "output_tokens": float(answer.counted.get("predicted_n", 0)),
        }
        return Completed(artifact, units)


def _goes_round(answer: _Answer) -> bool:
    count = len(answer.pieces)
    return answer.body.guarded and count % LOOK_FOR_LOOPS == 0 and is_looping(answer.pieces)


def _check_document(text: str, answer: _Answer, check: DocumentCheck) -> None:
    """llama.cpp's grammars leave out what they cannot express; what does not fit the schema is not handed on.

    Raises:
        SchemaUnsatisfiable: if the answer is cut short or does not fit.
    """
    if answer.finish == "length":
        raise SchemaUnsatisfiable(
            f"the JSON document was not complete after {answer.body.fields['max_tokens']:,} tokens",
            plugin="text",
            fix="raise max_tokens, or bound the lengths of the schema's strings and arrays",
        )
    if not check.fits(text):
        raise SchemaUnsatisfiable(
            "llama.cpp's grammar let through a document that does not fit the schema",
            plugin="text",
            fix="--runner onnx or transformers, which keep every schema they accept",
        )


def _refusal(error: dict[str, Any]) -> AigcError:
    if error.get("type") == "exceed_context_size_error":
        return PromptTooLong(
            f"the prompt is {error['n_prompt_tokens']:,} tokens long; the model's context holds {error['n_ctx']:,},"
            " the answer included",
            plugin="text",
            fix="shorten the prompt, or take a model with a longer context (aigc models)",
        )
    return InvalidRequest(f"llama.cpp refused the request: {error.get('message')}", plugin="text")
