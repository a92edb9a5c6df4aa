"""``/v1/audio/speech``: sound while it is made, where its format allows that."""

from __future__ import annotations

import asyncio
import base64
import io
import struct
import wave
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from ..contract.artifacts import AudioArtifact
from ..contract.errors import AigcError, BrokenPlugin
from ..contract.events import Completed, Delta
from ..contract.requests import AudioRequest
from .aliases import VOICES
from .audio_schema import SpeechBody
from .files import dropped, sent
from .json_route import json_router
from .run_jobs import Running, Submitted
from .sse import Streamed, stream
from .state import state_of

router = json_router()
_CONTAINERS = {"mp3": "mp3", "opus": "ogg", "flac": "flac", "wav": "wav", "pcm": "wav"}
"""What the engine is asked for. OpenAI's opus is Opus in Ogg."""
_AS_MADE = {"wav": "audio/wav", "pcm": "audio/pcm"}
"""Formats that can be sent before the end is known."""
_PCM_RATE = 24_000
"""Hz of ``pcm``, as OpenAI's clients assume: 16-bit little-endian mono without a header."""
_UNKNOWN_SIZE = 0xFFFF_FFFF
_PIECE = 48 * 1024


@router.post("/v1/audio/speech")
async def speech(body: SpeechBody, http: Request) -> Response:
    """Speaks a text."""
    form = body.response_format
    state = state_of(http)
    request = AudioRequest(
        task="text-to-speech",
        prompt=body.input,
        model=body.model_id,
        voice=body.voice_id,
        language=body.language,
        speed=body.speed,
        sample_rate=body.sample_rate or (_PCM_RATE if form == "pcm" else None),
        format=_CONTAINERS[form],
        seed=body.seed,
        options=body.options,
    )
    ignored = body.ignored
    if request.voice in VOICES and request.voice not in (await asyncio.to_thread(state.entry, request)).card.voices:
        request = request.model_copy(update={"voice": None})
        ignored = sorted([*ignored, "voice"])
    submitted = await state.submit(http, "audio", [request])
    headers = {"X-Aigc-Job": submitted.jobs[0].id}
    if ignored:
        headers["X-Aigc-Ignored"] = ", ".join(ignored)
    at_once = form in _AS_MADE and not state.checks_artifacts
    pieces = _as_made(submitted, form, at_once)
    if body.stream_format == "sse":
        return stream(_events(pieces), submitted, headers)
    if form in _AS_MADE:
        return Streamed(pieces, submitted, _AS_MADE[form], headers, _broken_off)
    async with Running(submitted, http) as running:
        (artifact,) = await running.artifacts()
    assert isinstance(artifact, AudioArtifact)
    return sent(artifact, headers)


def _broken_off(error: AigcError) -> bytes:
    """In the middle of a sound nothing can be said: the connection breaks, so that it is not taken for whole."""
    raise error


async def _as_made(submitted: Submitted, form: str, at_once: bool) -> AsyncGenerator[bytes, None]:
    """The file, or bare samples: all at the end, or ``at_once`` piece by piece, as far as the plugin gives pieces."""
    begun = False
    async with aclosing(submitted.events()) as events:
        async for _, event in events:
            if at_once and isinstance(event, Delta) and event.audio:
                if not begun and form == "wav":
                    yield wav_head(event.sample_rate)
                begun = True
                yield event.audio
            elif isinstance(event, Completed) and isinstance(event.artifact, AudioArtifact):
                if not begun:
                    yield await asyncio.to_thread(_samples if form == "pcm" else AudioArtifact.content, event.artifact)
                dropped(event.artifact)


async def _events(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[dict[str, Any], None]:
    """As OpenAI's: pieces of the file in base64, then that it is done."""
    async with aclosing(pieces):
        async for piece in pieces:
            for start in range(0, len(piece), _PIECE):
                audio = base64.b64encode(piece[start : start + _PIECE]).decode()
                yield {"type": "speech.audio.delta", "audio": audio}
    yield {"type": "speech.audio.done", "usage": None}


def wav_head(rate: int) -> bytes:
    """The head of a 16-bit mono WAV file whose length is not known yet; players read it to the end."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE") + form + struct.pack("<4sI", b"data", _UNKNOWN_SIZE)


def _samples(artifact: AudioArtifact) -> bytes:
    """The samples of a WAV file that a plugin made."""
    try:
        with wave.open(io.BytesIO(artifact.content())) as sound:
            if (sound.getsampwidth(), sound.getnchannels(), sound.getframerate()) == (2, 1, artifact.sample_rate):
                return bytes(sound.readframes(sound.getnframes()))
    except (wave.Error, EOFError):
        pass
    raise BrokenPlugin("the voice's sound is no 16-bit mono, which pcm is", fix="ask for wav or flac")
