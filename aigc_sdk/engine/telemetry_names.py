"""What a job's span holds, by OpenTelemetry's conventions for generative AI.

https://github.com/open-telemetry/semantic-conventions-genai; names of ours begin with ``aigc.``. Prompts and answers
are in :func:`words_in` and :func:`words_out` only, which are asked for if somebody wants them captured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..contract.artifacts import Artifact, TextArtifact
from ..contract.requests import Message, Request, TextRequest

Attributes = dict[str, Any]

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
ERROR = "error.type"
DURATION = "gen_ai.client.operation.duration"
TOKENS = "gen_ai.client.token.usage"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - no password
MEASURED = (OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL)
"""What measures are told apart by; nothing that clients choose freely."""
DURATION_BOUNDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Seconds, as the conventions advise; ``TOKENS_BOUNDS`` are tokens."""
TOKENS_BOUNDS = tuple(float(4**power) for power in range(14))

_OPERATIONS = {"text-generation": "text_completion", "feature-extraction": "embeddings"}
_PASSED_ON = ("seed", "temperature", "top_p", "top_k", "max_tokens")
"""Fields of a request that the conventions have a name for: ``gen_ai.request.FIELD``."""
_OUTPUTS = {"transcribe": "text", "text-to-speech": "speech"}


def asked(request: Request, model: str, plugin: str) -> Attributes:
    """What is known when a job is submitted.

    Args:
        request: as it runs: with its seed, and the model's defaults. model: the id of what runs it.
    """
    operation = _OPERATIONS.get(request.task)
    if operation is None:
        operation = "chat" if isinstance(request, TextRequest) else "generate_content"
    found: Attributes = {
        OPERATION: operation,
        PROVIDER: plugin,
        REQUEST_MODEL: request.model or model,
        RESPONSE_MODEL: model,
        "aigc.task": request.task,
    }
    if (output := _output(request)) is not None:
        found["gen_ai.output.type"] = output
    if (dimensions := getattr(request, "dimensions", None)) is not None:
        found["gen_ai.embeddings.dimension.count"] = dimensions
    for name in _PASSED_ON:
        if (value := getattr(request, name, None)) is not None:
            found[f"gen_ai.request.{name}"] = value
    if stops := getattr(request, "stop", ()):
        found["gen_ai.request.stop_sequences"] = stops
    return found


def _output(request: Request) -> str | None:
    """None for vectors, which the conventions have no word for."""
    if request.task == "feature-extraction":
        return None
    if getattr(request, "json_schema", None) is not None:
        return "json"
    return _OUTPUTS.get(request.task, request.modality)


def answered(artifact: Artifact, units: Mapping[str, float], timings: Mapping[str, float]) -> Attributes:
    """What is known when a job has completed."""
    found: Attributes = {}
    if "first_output" in timings:
        found["gen_ai.response.time_to_first_chunk"] = timings["first_output"]
    for name, amount in units.items():
        counted = name in ("input_tokens", "output_tokens")
        found[f"gen_ai.usage.{name}" if counted else f"aigc.usage.{name}"] = round(amount) if counted else amount
    if isinstance(artifact, TextArtifact):
        found["gen_ai.response.finish_reasons"] = (artifact.finish_reason,)
    return found


def words_in(request: Request) -> Attributes:
    """The prompt or the conversation."""
    if isinstance(request, TextRequest) and request.messages:
        turns = [_said(turn) for turn in request.messages]
    else:
        turns = [{"role": "user", "parts": [_text(request.prompt)]}]
    found = {"gen_ai.input.messages": _json(turns)}
    if system := getattr(request, "system", None):
        found["gen_ai.system_instructions"] = _json([_text(system)])
    return found


def words_out(artifact: Artifact) -> Attributes:
    """The answer, if it is text."""
    if not isinstance(artifact, TextArtifact):
        return {}
    calls = [_call(**call) for call in artifact.tool_calls]
    turn = {"role": "assistant", "parts": _parts(artifact.text, calls), "finish_reason": artifact.finish_reason}
    return {"gen_ai.output.messages": _json([turn])}


def _said(turn: Message) -> dict[str, Any]:
    if turn.tool is not None:
        result = {"type": "tool_call_response", "name": turn.tool, "response": turn.content}
        return {"role": turn.role, "parts": [result]}
    calls = [_call(call.name, call.arguments) for call in turn.tool_calls]
    return {"role": turn.role, "parts": _parts(turn.content, calls)}


def _parts(words: str, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_text(words), *calls] if words or not calls else calls


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "content": words}


def _call(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "name": name, "arguments": arguments}


def _json(value: list[dict[str, Any]]) -> str:
    return json.dumps(value, ensure_ascii=False)
