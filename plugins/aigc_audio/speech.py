"""The runner of every speech model: text in, sentences spoken one by one, one sound file out."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from aigc_sdk.contract.artifacts import AudioArtifact
from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.events import Completed, Delta, Event, Progress
from aigc_sdk.contract.requests import AudioRequest, Request
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext
from aigc_sdk.contract.spool import keep_file, new_file

from . import characters
from .encode import MEDIA_TYPES, SoundFile, check_rate
from .joining import silence, trimmed
from .loudness import Leveller
from .sentences import Piece, pieces
from .turns import Steps, in_turns
from .voice import Voice

log = logging.getLogger(__name__)

SMALL = 32_000_000
"""Bytes up to which a sound is kept in memory."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be spoken: the cleaned text, and how many emoji were left out of it.

    ``whole``: it describes a sound, and is not cut into sentences.
    """

    text: str
    emoji: int = 0
    whole: bool = False

    def pieces(self, longest: int) -> Iterator[Piece]:
        """What is spoken in one go, in order."""
        return iter([Piece(self.text, 0.0)]) if self.whole else pieces(self.text, longest)


class SpeechRunner(BaseRunner):
    """A voice that serves many requests, a sentence of each in turn.

    Args:
        name: the model's id, for messages.
        weights: name and sha256 of the model's files.
        warm_up: speak a word now, so that the first sentence does not wait for imports and caches.
    """

    def __init__(self, voice: Voice, name: str, weights: dict[str, str], *, warm_up: bool = True) -> None:
        self.weights = weights
        self.libraries = (*voice.libraries, "num2words", "pyloudnorm", "av")
        self._voice = voice
        self._name = name
        if warm_up:
            self._speak_a_word()

    def _speak_a_word(self) -> None:
        request = AudioRequest(prompt="Qwx 1.")
        Leveller(self._voice.sample_rate, 0.0).apply(self._voice.speak(request.prompt, request, 0))

    def preprocess(self, request: Request) -> Script:
        assert isinstance(request, AudioRequest)
        check_rate(request.format, request.sample_rate or self._voice.sample_rate)
        if request.task == "text-to-audio":
            self._voice.check(request)
            return Script(request.prompt, whole=True)
        cleaned = characters.clean(request.prompt)
        self._voice.check(request.model_copy(update={"prompt": cleaned.text}))
        if self._voice.scripts is not None:
            characters.check_script(cleaned.text, self._voice.scripts, self._name)
        return Script(cleaned.text, cleaned.emoji)

    def batch_key(self, request: Request) -> Hashable:
        """All speech runs together: a request's sentences are spoken one at a time, whatever else is spoken."""
        return "speech"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        return in_turns(items, context, lambda item: self._speak(item, context))

    def close(self) -> None:
        self._voice.close()

    def _speak(self, item: Item, context: RunContext) -> Steps:
        """The item's events; a cancelled item just ends."""
        request, script = item.request, item.inputs
        assert isinstance(request, AudioRequest)
        assert isinstance(script, Script)
        if script.emoji:
            log.info("left out %d emoji", script.emoji)
            yield Progress(0, None, f"note: left out {script.emoji} emoji, which have no sound")
        spoken = Spoken(self._voice, request, item.seed)
        count = 0
        try:
            for step, piece in enumerate(script.pieces(self._voice.longest), 1):
                if context.cancelled(item.index):
                    return
                pcm = spoken.say(piece, step)
                if pcm and request.options["stream"]:
                    yield Delta(audio=pcm, sample_rate=spoken.rate)
                # Counted only now: the first sound of a long text does not wait for it.
                count = count or sum(1 for _ in script.pieces(self._voice.longest))
                yield Progress(step, count, "speaking")
            rest, artifact = spoken.finish()
            if rest and request.options["stream"]:
                yield Delta(audio=rest, sample_rate=spoken.rate)
            yield Completed(artifact, {"characters": float(len(request.prompt)), "sentences": float(count)})
        finally:
            spoken.abandon()


class Spoken:
    """One request's sound in the making."""

    def __init__(self, voice: Voice, request: AudioRequest, seed: int) -> None:
        self.rate = request.sample_rate or voice.sample_rate
        self._voice = voice
        self._request = request
        self._seed = seed
        self._segments: list[dict[str, object]] = []
        self._at = 0.0
        self._level = Leveller(voice.sample_rate, float(str(request.options["loudness"])))
        self._file: SoundFile | None = SoundFile(new_file(request.format), request.format, voice.sample_rate, self.rate)

    def say(self, piece: Piece, step: int) -> bytes:
        """Speaks a piece and its pause. Returns what went into the file, as 16-bit PCM."""
        assert self._file is not None
        rate = self._voice.sample_rate
        sound = trimmed(self._voice.speak(piece.text, self._request, seed_of(self._seed, step)), rate)
        if not len(sound):
            return b""
        pause = silence(piece.pause_s / self._request.speed, rate)
        end = self._at + len(sound) / rate
        self._segments.append({"start": round(self._at, 3), "end": round(end, 3), "text": piece.text.strip()})
        self._at = end + len(pause) / rate
        return b"".join(self._file.write(part) for part in (self._level.apply(sound), pause))

    def finish(self) -> tuple[bytes, AudioArtifact]:
        """The last PCM, and the artifact.

        Raises:
            InvalidRequest: if nothing at all was audible.
        """
        assert self._file is not None
        file, form = self._file, self._request.format
        rest = file.close()
        self._file = None
        if file.samples == 0:
            file.path.unlink(missing_ok=True)
            raise InvalidRequest("the voice made no sound of this text", plugin="audio", fix="add some words")
        artifact = AudioArtifact(
            path=file.path,
            sample_rate=self.rate,
            duration_s=file.samples / self.rate,
            segments=tuple(self._segments),
            media_type=MEDIA_TYPES[form],
        )
        return rest, replace(artifact, **keep_file(file.path, small=SMALL))

    def abandon(self) -> None:
        """Removes what is unfinished; does nothing after :meth:`finish`."""
        if self._file is not None:
            self._file.abandon()
            self._file = None


def seed_of(seed: int, step: int) -> int:
    """A seed for one sentence, of 63 bits: depends on the request's seed and the sentence's number, nothing else."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{step}".encode()).digest()[:8], "big") >> 1
