"""``/v1/chat/completions`` and ``/v1/completions``."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from ..contract.artifacts import TextArtifact
from ..contract.events import Completed, Delta
from ..contract.requests import TextRequest
from .json_route import json_router
from .run_jobs import Running, Submitted, seeds_of
from .schema import ChatBody, CompletionBody, Sampled
from .sse import stream
from .state import state_of
from .tools import calls_made, tools_wanted, turns_of

router = json_router()
_REASONS = {"stop": "stop", "length": "length", "cancelled": "stop"}


@router.post("/v1/chat/completions")
async def chat_completions(body: ChatBody, http: Request) -> Response:
    """Answers a conversation."""
    requests = [_chat_request(body, seed) for seed in seeds_of(body.seed, body.n)]
    return await _answered(body, requests, http, _Chat())


@router.post("/v1/completions")
async def completions(body: CompletionBody, http: Request) -> Response:
    """Continues texts."""
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    requests = [
        TextRequest(task="text-generation", prompt=prompt, seed=seed, **_sampling(body))
        for prompt in prompts
        for seed in seeds_of(body.seed, body.n)
    ]
    return await _answered(body, requests, http, _Completion(body.echo))


def _chat_request(body: ChatBody, seed: int | None) -> TextRequest:
    system = "\n\n".join(turn.words for turn in body.messages if turn.role in ("system", "developer"))
    schema = body.response_format.schema_wanted if body.response_format else None
    fields = _sampling(body) | {"max_tokens": body.max_completion_tokens or body.max_tokens}
    fields |= tools_wanted(body.tools, body.tool_choice)
    if body.logprobs:
        fields["top_logprobs"] = body.top_logprobs or 0
    return TextRequest(messages=turns_of(body.messages), system=system or None, json_schema=schema, seed=seed, **fields)


def _sampling(body: Sampled) -> dict[str, Any]:
    names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_tokens")
    fields = {name: getattr(body, name) for name in names}
    return fields | {"model": body.model_id, "stop": body.stops, "options": body.options}


# --- answering ----------------------------------------------------------------------------------------------------


class _Chat:
    """The shapes of chat."""

    prefix, whole, piece = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def choice(self, index: int, made: TextArtifact, prompt: str, job: str) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": made.text, "refusal": None}
        if made.tool_calls:
            message |= {"content": made.text or None, "tool_calls": calls_made(made, job)}
        return {"index": index, "message": message, "logprobs": _logprobs(made), "finish_reason": self.reason(made)}

    def reason(self, made: TextArtifact) -> str:
        """Why it ended. A call that had to be brought to its end is cut short, too."""
        reason = _REASONS[made.finish_reason]
        return "tool_calls" if made.tool_calls and reason == "stop" else reason

    def calls(self, index: int, made: TextArtifact, job: str, first: bool) -> dict[str, Any] | None:
        """A piece with the calls of an answer, whole; None if it has none."""
        if not made.tool_calls:
            return None
        calls = [{"index": number} | call for number, call in enumerate(calls_made(made, job))]
        delta = ({"role": "assistant", "content": None} if first else {}) | {"tool_calls": calls}
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}

    def delta(self, index: int, text: str | None, reason: str | None, first: bool) -> dict[str, Any]:
        delta: dict[str, Any] = {"role": "assistant", "content": text or ""} if first else {}
        if text and not first:
            delta = {"content": text}
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}


def _logprobs(made: TextArtifact) -> dict[str, Any] | None:
    """What is known of each token; None if that was not asked for."""
    if not made.tokens:
        return None
    content = [
        {name: value for name, value in token.items() if name != "top"} | {"top_logprobs": token["top"]}
        for token in made.tokens
    ]
    return {"content": content, "refusal": None}


class _Completion:
    """The shapes of completions."""

    prefix, whole, piece = "cmpl", "text_completion", "text_completion"

    def __init__(self, echo: bool) -> None:
        self._echo = echo

    def choice(self, index: int, made: TextArtifact, prompt: str, job: str) -> dict[str, Any]:
        return {
            "index": index,
            "text": prompt + made.text if self._echo else made.text,
            "logprobs": None,
            "finish_reason": self.reason(made),
        }

    def reason(self, made: TextArtifact) -> str:
        return _REASONS[made.finish_reason]

    def calls(self, index: int, made: TextArtifact, job: str, first: bool) -> None:
        """Texts that are continued call nothing."""

    def delta(self, index: int, text: str | None, reason: str | None, first: bool) -> dict[str, Any]:
        return {"index": index, "text": text or "", "logprobs": None, "finish_reason": reason}


async def _answered(body: Sampled, requests: list[TextRequest], http: Request, shape: _Chat | _Completion) -> Response:
    state = state_of(http)
    submitted = await state.submit(http, "text", requests, body.priority)
    head = {"id": f"{shape.prefix}-{submitted.jobs[0].id}", "created": int(time.time()), "model": submitted.model}
    headers = {"X-Aigc-Job": ",".join(job.id for job in submitted.jobs)}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        return stream(_pieces(submitted, head | {"object": shape.piece}, shape, usage), submitted, headers)
    async with Running(submitted, http) as running:
        artifacts = await running.artifacts()
    choices = []
    for index, (artifact, request) in enumerate(zip(artifacts, requests, strict=True)):
        assert isinstance(artifact, TextArtifact)
        choices.append(shape.choice(index, artifact, request.prompt, submitted.jobs[index].id))
    answer = head | {"object": shape.whole, "choices": choices, "usage": submitted.usage()}
    return JSONResponse(answer, headers=headers)


async def _pieces(
    submitted: Submitted, head: dict[str, Any], shape: _Chat | _Completion, usage: bool
) -> AsyncGenerator[dict[str, Any], None]:
    """The chunks of all choices as they come."""
    first = set(range(len(submitted.jobs)))
    async with aclosing(submitted.events()) as events:
        async for index, event in events:
            choices: list[dict[str, Any]] = []
            if isinstance(event, Delta) and event.text:
                choices = [shape.delta(index, event.text, None, index in first)]
            elif isinstance(event, Completed) and isinstance(event.artifact, TextArtifact):
                calls = shape.calls(index, event.artifact, submitted.jobs[index].id, index in first)
                last = shape.delta(index, None, shape.reason(event.artifact), index in first and calls is None)
                last["logprobs"] = _logprobs(event.artifact)
                choices = [last] if calls is None else [calls, last]
            for choice in choices:
                first.discard(index)
                yield head | {"choices": [choice]} | ({"usage": None} if usage else {})
    if usage:
        yield head | {"choices": [], "usage": submitted.usage()}
