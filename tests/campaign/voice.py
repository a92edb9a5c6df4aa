"""A voice for tests: silence as long as the text, a segment for each sentence; refuses what it is told to refuse."""

from __future__ import annotations

import io
import re
import wave

from aigc_sdk import AudioArtifact, BaseRunner, Completed, InvalidRequest, Manifest, ModelCard, RunnerSpec

RATE = 8000
SPOKEN: list[str] = []
"""Every text that was really spoken."""

VOICE = Manifest(
    name="silence",
    version="1.0",
    modality="audio",
    tasks=("text-to-speech",),
    licence="MIT",
    models=(ModelCard(id="silence", tasks=("text-to-speech",), licence="MIT", format="none"),),
    default_model="silence",
    runners=(RunnerSpec(name="only", loader=f"{__name__}:load", formats=("none",)),),
)


class Silence(BaseRunner):
    def run(self, items, context):
        for item in items:
            SPOKEN.append(item.request.prompt)
            if item.request.voice == "mute":
                raise InvalidRequest("has no voice 'mute'", fix="take another")
            yield item.index, Completed(_artifact(item.request.prompt))


def _artifact(text: str) -> AudioArtifact:
    sentences = re.findall(r"[^.。]+[.。]", text)
    segments = tuple({"start": float(i), "end": i + 1.0, "text": s.strip()} for i, s in enumerate(sentences))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(bytes(2 * RATE * len(sentences)))
    data = buffer.getvalue()
    return AudioArtifact(data=data, sample_rate=RATE, duration_s=float(len(sentences)), segments=segments)


def load(card, plan, files) -> Silence:
    return Silence()
