"""The runner of every speech recognition model: a recording in, what is said in it out, window by window."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aigc_sdk.contract.artifacts import TextArtifact
from aigc_sdk.contract.errors import InvalidRequest, did_you_mean
from aigc_sdk.contract.events import Completed, Delta, Event, Progress
from aigc_sdk.contract.requests import AudioRequest, Request
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext

from . import listening
from .turns import Steps, in_turns

if TYPE_CHECKING:
    from .voice import Samples

SIMPLIFIED = "以下是普通话的句子。"
TRADITIONAL = "以下是普通話的句子。"
"""What Whisper is told to have heard before, so that it writes Chinese in these characters."""
_TRADITIONAL_TAGS = ("hant", "tw", "hk", "mo")
_UNSPACED = ("zh", "ja", "th", "yue", "lo", "my")
"""Languages written without spaces between sentences."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or so, or a word: seconds from the window's beginning, its text, and the words in it if asked for."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Segment, ...] = ()


class Recogniser(Protocol):
    """A loaded speech recognition model.

    Attributes:
        languages: tags of the languages it knows.
        libraries: distributions whose versions the receipt records.
    """

    languages: Collection[str]
    libraries: tuple[str, ...]

    def language(self, samples: Samples) -> str:
        """The tag of the language that is spoken."""

    def segments(
        self, samples: Samples, language: str, prompt: str, stopped: Stopped, *, words: bool = False
    ) -> list[Segment]:
        """What is said in at most 30 s of 16 kHz sound; empty if nobody speaks.

        Args:
            prompt: text that the model takes for what came before; may be empty.
            words: the words' times are wanted (asked only of runners that say they serve them).
            stopped: asked at every step; what is written then is not used.
        """

    def close(self) -> None:
        """Gives back all memory."""


class Stopped(Protocol):
    """Says whether the item is cancelled."""

    def __call__(self) -> bool: ...


class TranscriptionRunner(BaseRunner):
    """Speech recognition for many requests, a window of each in turn.

    Args:
        weights: name and sha256 of the model's files.
    """

    def __init__(self, recogniser: Recogniser, weights: dict[str, str]) -> None:
        self.weights = weights
        self.libraries = (*recogniser.libraries, "av")
        self._recogniser = recogniser

    def preprocess(self, request: Request) -> float | None:
        """The recording's length in seconds, if it is known."""
        assert isinstance(request, AudioRequest)
        assert request.audio is not None
        if request.language is not None:
            self._check_language(request.language)
        return listening.check(request.audio)

    def batch_key(self, request: Request) -> Hashable:
        """All recordings run together: their windows are heard one at a time."""
        return "transcribe"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        return in_turns(items, context, lambda item: self._listen(item, context))

    def close(self) -> None:
        self._recogniser.close()

    def _check_language(self, tag: str) -> None:
        known = self._recogniser.languages
        if tag.lower().split("-")[0] not in known:
            fix = did_you_mean(tag, known) or "leave it out, and it is recognised"
            raise InvalidRequest(f"the model does not know the language {tag!r}", plugin="audio", fix=fix)

    def _listen(self, item: Item, context: RunContext) -> Steps:
        request = item.request
        assert isinstance(request, AudioRequest)
        assert request.audio is not None
        heard = Heard(self._recogniser, request, lambda: context.cancelled(item.index))
        of = None if item.inputs is None else max(1, round(item.inputs))
        for window in listening.windows(request.audio):
            if heard.stopped():
                return
            text = heard.hear(window)
            if heard.stopped():
                return
            if text:
                yield Delta(text)
            yield Progress(min(round(heard.seconds), of or round(heard.seconds)), of, "listening")
        if not heard.pieces:
            yield Progress(round(heard.seconds), of, "note: nobody speaks in the recording")
        yield Completed(heard.artifact(), {"audio_seconds": heard.seconds, "characters": float(len(heard.text))})


class Heard:
    """What was heard of one recording so far."""

    def __init__(self, recogniser: Recogniser, request: AudioRequest, stopped: Stopped) -> None:
        self.stopped = stopped
        self.pieces: list[str] = []
        self.seconds = 0.0
        self._segments: list[dict[str, Any]] = []
        self._words: list[dict[str, Any]] = []
        self._recogniser = recogniser
        self._request = request
        self._language = request.language.lower().split("-")[0] if request.language else ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def hear(self, window: listening.Window) -> str:
        """Takes the next window. Returns the text it adds."""
        self.seconds = window.start_s + len(window.samples) / listening.RATE
        heard = window.audible()
        if heard is None:
            return ""
        window = heard
        language = self._language or self._recogniser.language(window.samples)
        segments = self._recogniser.segments(
            window.samples, language, self._prompt(language), self.stopped, words=self._request.word_timestamps
        )
        # The language is settled by the first window in which somebody speaks.
        self._language = self._language or (language if segments else "")
        for segment in segments:
            self._segments.append(_times(segment, window.start_s) | {"text": segment.text.strip()})
            self._words += [_times(word, window.start_s) | {"word": word.text.strip()} for word in segment.words]
        between = "" if language in _UNSPACED else " "
        added = between.join(text for segment in segments if (text := segment.text.strip()))
        if added and self.pieces:
            added = between + added
        if added:
            self.pieces.append(added)
        return added

    def artifact(self) -> TextArtifact:
        """All of it."""
        segments = tuple(self._segments) if self._request.timestamps else ()
        return TextArtifact(
            text=self.text, segments=segments, words=tuple(self._words), language=self._language or None
        )

    def _prompt(self, language: str) -> str:
        if language != "zh":
            return ""
        tag = (self._request.language or "").lower().split("-")
        return TRADITIONAL if any(part in _TRADITIONAL_TAGS for part in tag) else SIMPLIFIED


def _times(part: Segment, start_s: float) -> dict[str, Any]:
    """From the recording's beginning, for a part of the window that begins at ``start_s``."""
    return {"start": round(start_s + part.start_s, 2), "end": round(start_s + part.end_s, 2)}
