"""``/v1/responses``, the basic part: text in, text out, nothing kept between calls."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from ..contract.artifacts import Artifact, TextArtifact
from ..contract.errors import AigcError
from ..contract.events import Completed, Delta
from ..contract.requests import TextRequest
from .errors import body_of
from .json_route import json_router
from .responses_schema import ResponsesBody
from .run_jobs import Running, Submitted
from .sse import EVENTS, Streamed, line
from .state import state_of
from .tools import calls_made, turns_of

router = json_router()


@router.post("/v1/responses")
async def responses(body: ResponsesBody, http: Request) -> Response:
    """Answers a text or a conversation."""
    submitted = await state_of(http).submit(http, "text", [_request(body)], body.priority)
    headers = {"X-Aigc-Job": submitted.jobs[0].id}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    answer = _Answer(submitted, body)
    if body.stream:
        return Streamed(answer.stream(), submitted, EVENTS, headers, answer.failed)
    async with Running(submitted, http) as running:
        (artifact,) = await running.artifacts()
    assert isinstance(artifact, TextArtifact)
    return JSONResponse(answer.whole(artifact), headers=headers)


def _request(body: ResponsesBody) -> TextRequest:
    turns = body.turns
    system = [body.instructions] if body.instructions else []
    system += [turn.words for turn in turns if turn.role in ("system", "developer")]
    return TextRequest(
        messages=turns_of(turns),
        system="\n\n".join(system) or None,
        model=body.model_id,
        max_tokens=body.max_output_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        seed=body.seed,
        json_schema=body.text.schema_wanted if body.text else None,
        options=body.options,
        **body.tools_wanted,
    )


class _Answer:
    """One response in OpenAI's shapes: whole, or as the events from ``response.created`` to ``response.completed``."""

    def __init__(self, submitted: Submitted, body: ResponsesBody) -> None:
        job = submitted.jobs[0].id
        self._submitted = submitted
        self._item = f"msg_{job}"
        self._count = 0
        self._head: dict[str, Any] = {
            "id": f"resp_{job}",
            "object": "response",
            "created_at": int(time.time()),
            "model": submitted.model,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "temperature": body.temperature,
            "top_p": body.top_p,
            "parallel_tool_calls": False,
            "tool_choice": body.model_dump(mode="json", include={"tool_choice"})["tool_choice"] or "auto",
            "tools": [tool.model_dump(mode="json") for tool in body.tools or ()],
            "metadata": body.metadata,
            "text": {"format": body.text.format_given if body.text else {"type": "text"}},
            "previous_response_id": None,
        }

    def whole(self, artifact: TextArtifact) -> dict[str, Any]:
        """The response when it is done."""
        cut = artifact.finish_reason == "length"
        usage = self._submitted.usage()
        status = "incomplete" if cut else "completed"
        said = [self._message(status, artifact.text)] if artifact.text or not artifact.tool_calls else []
        return self._response(
            status,
            [*said, *self._calls(artifact, status)],
            incomplete_details={"reason": "max_output_tokens"} if cut else None,
            usage={
                "input_tokens": usage["prompt_tokens"],
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": usage["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": usage["total_tokens"],
            },
        )

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The events, as lines."""
        begun = False
        async with aclosing(self._submitted.events()) as events:
            async for _, event in events:
                if not begun and isinstance(event, (Delta, Completed)):
                    begun = True
                    calls = isinstance(event, Completed) and _only_calls(event.artifact)
                    for opening in self._opening(message=not calls):
                        yield opening
                if isinstance(event, Delta) and event.text:
                    yield self._of_part("response.output_text.delta", delta=event.text, logprobs=[])
                elif isinstance(event, Completed) and isinstance(event.artifact, TextArtifact):
                    for closing in self._closing(event.artifact):
                        yield closing

    def failed(self, error: AigcError) -> bytes:
        """The last event after an error."""
        told = body_of(error)["error"]
        response = self._response("failed", [], error={"code": "server_error", "message": told["message"]})
        return self._event("response.failed", response=response)

    def _opening(self, *, message: bool) -> list[bytes]:
        response = self._response("in_progress", [])
        opening = [
            self._event("response.created", response=response),
            self._event("response.in_progress", response=response),
        ]
        if message:
            item = self._message("in_progress", None)
            opening.append(self._event("response.output_item.added", output_index=0, item=item))
            opening.append(self._of_part("response.content_part.added", part=_part("")))
        return opening

    def _closing(self, artifact: TextArtifact) -> list[bytes]:
        whole = self.whole(artifact)
        closing: list[bytes] = []
        for index, item in enumerate(whole["output"]):
            if item["type"] == "function_call":
                closing += self._called(index, item)
                continue
            closing += [
                self._of_part("response.output_text.done", text=artifact.text, logprobs=[]),
                self._of_part("response.content_part.done", part=_part(artifact.text)),
                self._event("response.output_item.done", output_index=index, item=item),
            ]
        return [*closing, self._event(f"response.{whole['status']}", response=whole)]

    def _called(self, index: int, item: dict[str, Any]) -> list[bytes]:
        """The events of a call, which comes whole."""
        place = {"item_id": item["id"], "output_index": index}
        begun = item | {"status": "in_progress", "arguments": ""}
        written = {"name": item["name"], "arguments": item["arguments"]}
        return [
            self._event("response.output_item.added", output_index=index, item=begun),
            self._event("response.function_call_arguments.delta", **place, delta=item["arguments"]),
            self._event("response.function_call_arguments.done", **place, **written),
            self._event("response.output_item.done", output_index=index, item=item),
        ]

    def _calls(self, artifact: TextArtifact, status: str) -> list[dict[str, Any]]:
        made = calls_made(artifact, self._submitted.jobs[0].id)
        return [
            {
                "type": "function_call",
                "id": f"fc_{call['id']}",
                "call_id": call["id"],
                "status": status,
                **call["function"],
            }
            for call in made
        ]

    def _response(self, status: str, output: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        ended = {"error": None, "incomplete_details": None, "usage": None}
        return self._head | {"status": status, "output": output} | ended | more

    def _message(self, status: str, text: str | None) -> dict[str, Any]:
        content = [] if text is None else [_part(text)]
        return {"id": self._item, "type": "message", "role": "assistant", "status": status, "content": content}

    def _of_part(self, kind: str, **fields: Any) -> bytes:
        return self._event(kind, item_id=self._item, output_index=0, content_index=0, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._count += 1
        return line({"type": kind, "sequence_number": self._count - 1, **fields}, kind)


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _only_calls(artifact: Artifact) -> bool:
    return isinstance(artifact, TextArtifact) and bool(artifact.tool_calls) and not artifact.text
