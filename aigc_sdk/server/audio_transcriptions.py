"""``/v1/audio/transcriptions``: what is said in a recording."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from .. import captions
from ..contract.artifacts import TextArtifact
from ..contract.events import Completed, Delta
from ..contract.requests import AudioRequest, Media
from .audio_schema import TranscriptionBody
from .forms import form_schema, read_form, the_file
from .run_jobs import Running, Submitted
from .sse import stream
from .state import state_of

router = APIRouter()


@router.post("/v1/audio/transcriptions", openapi_extra=form_schema(TranscriptionBody, ("file",), ("file",)))
async def transcriptions(http: Request) -> Response:
    """Writes down a recording."""
    body, files = await read_form(http, TranscriptionBody, ("file",))
    request = AudioRequest(
        task="transcribe",
        audio=Media(data=the_file(files, "file")),
        model=body.model_id,
        language=body.language,
        timestamps=body.response_format in ("srt", "vtt", "verbose_json"),
        word_timestamps="word" in body.timestamp_granularities,
        options=body.options,
    )
    submitted = await state_of(http).submit(http, "audio", [request])
    headers = {"X-Aigc-Job": submitted.jobs[0].id}
    if body.ignored:
        headers["X-Aigc-Ignored"] = ", ".join(body.ignored)
    if body.stream:
        return stream(_pieces(submitted), submitted, headers)
    async with Running(submitted, http) as running:
        (artifact,) = await running.artifacts()
    assert isinstance(artifact, TextArtifact)
    return _written(body, artifact, submitted.units.get("audio_seconds", 0.0), headers)


def _written(body: TranscriptionBody, heard: TextArtifact, seconds: float, headers: dict[str, str]) -> Response:
    match body.response_format:
        case "text":
            return PlainTextResponse(heard.text + "\n", headers=headers)
        case "srt":
            return PlainTextResponse(captions.srt(heard.segments), headers=headers, media_type="application/x-subrip")
        case "vtt":
            return PlainTextResponse(captions.vtt(heard.segments), headers=headers, media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(_verbose(body, heard, seconds), headers=headers)
    return JSONResponse({"text": heard.text, "usage": _usage(seconds)}, headers=headers)


def _verbose(body: TranscriptionBody, heard: TextArtifact, seconds: float) -> dict[str, Any]:
    """With times. What these models do not measure is null."""
    unknown = dict.fromkeys(("avg_logprob", "compression_ratio", "no_speech_prob", "tokens", "seek"))
    segments = [
        {"id": number, **segment, "temperature": 0.0, **unknown} for number, segment in enumerate(heard.segments)
    ]
    asked = body.timestamp_granularities or ["segment"]
    times = {"segment": {"segments": segments}, "word": {"words": list(heard.words)}}
    return {
        "task": "transcribe",
        "language": heard.language or body.language,
        "duration": round(seconds, 3),
        "text": heard.text,
        **{name: values for part in asked for name, values in times[part].items()},
        "usage": _usage(seconds),
    }


async def _pieces(submitted: Submitted) -> AsyncGenerator[dict[str, Any], None]:
    """As OpenAI's: the text as it is heard, then all of it."""
    async with aclosing(submitted.events()) as events:
        async for _, event in events:
            if isinstance(event, Delta) and event.text:
                yield {"type": "transcript.text.delta", "delta": event.text}
            elif isinstance(event, Completed) and isinstance(event.artifact, TextArtifact):
                seconds = round(event.units.get("audio_seconds", 0.0), 3)
                # OpenAI's usage is of tokens here, and these models count none.
                yield {"type": "transcript.text.done", "text": event.artifact.text, "duration": seconds}


def _usage(seconds: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(seconds, 3)}
