"""What comes out: one artifact per request, with its receipt."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

from .requests import Modality

if TYPE_CHECKING:
    from .receipt import Receipt

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What every artifact has. Plugins leave ``receipt`` empty; the engine fills it.

    Attributes:
        media_type: of :meth:`content`, such as ``text/plain; charset=utf-8`` or ``image/png``.
        receipt: the record of how it was made.
    """

    modality: ClassVar[Modality]

    media_type: str
    receipt: Receipt | None = None

    def content(self) -> bytes:
        """The artifact's bytes, encoded as ``media_type`` says."""
        raise TypeError(f"{type(self).__name__} has no content")

    def sha256(self) -> str:
        """Hex digest of :meth:`content`."""
        return hashlib.sha256(self.content()).hexdigest()

    def save(self, path: str | os.PathLike[str], *, receipt: bool = True) -> Path:
        """Writes the content to ``path`` and the receipt beside it as ``PATH.receipt.json``.

        Both are written to a temporary file first and renamed, so that no half-written file is ever seen.

        Raises:
            OSError: if the folder does not exist, is read-only or full.
        """
        target = Path(path)
        self._write(target)
        if receipt and self.receipt is not None:
            write_atomic(
                target.with_name(target.name + ".receipt.json"), self.receipt.model_dump_json(indent=1).encode()
            )
        return target

    def _write(self, target: Path) -> None:
        write_atomic(target, self.content())


def write_atomic(target: Path, data: bytes) -> None:
    """Writes ``data`` to ``target`` through a temporary file in the same folder and a rename."""
    with replacing(target) as file:
        file.write(data)


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A temporary file beside ``target`` that takes its place when the block ends well, and goes if it does not."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextArtifact(Artifact):
    """Text.

    Attributes:
        finish_reason: ``stop`` (the model ended, or a stop string), ``length`` (max_tokens), ``cancelled``.
        logprob: mean log-probability per output token (natural log), if it was asked for.
        segments: for a transcription with timestamps, ``{"start": s, "end": s, "text": str}`` in order.
        words: for a transcription with times of words, ``{"start": s, "end": s, "word": str}`` in order.
        language: for a transcription, a BCP-47 tag of what is spoken, where that is known.
        tokens: if ``top_logprobs`` was asked for, each token of the text with its log-probability (natural log, before
            temperature, penalties and constraints): ``{"token": str, "bytes": [int, ...], "logprob": float, "top":
            [{"token", "bytes", "logprob"}, ...]}``, where ``top`` are the likeliest in its place. A token may hold a
            part of a character: ``bytes`` are exact.
        tool_calls: the functions that the answer calls, ``{"name": str, "arguments": dict}`` in order.
    """

    modality: ClassVar[Modality] = "text"

    text: str
    media_type: str = "text/plain; charset=utf-8"
    finish_reason: FinishReason = "stop"
    logprob: float | None = None
    segments: tuple[dict[str, Any], ...] = ()
    words: tuple[dict[str, Any], ...] = ()
    language: str | None = None
    tokens: tuple[dict[str, Any], ...] = ()
    tool_calls: tuple[dict[str, Any], ...] = ()

    @property
    def parsed(self) -> Any:
        """The text read as JSON. Raises ValueError if it is not JSON."""
        return json.loads(self.text)

    def content(self) -> bytes:
        """The text; each call of a function follows as a line of JSON."""
        calls = [json.dumps(call, ensure_ascii=False) for call in self.tool_calls]
        return "\n".join([self.text, *calls]).encode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorArtifact(Artifact):
    """What a text means, as a vector of length 1: texts that mean the same point the same way.

    Attributes:
        data: the numbers as float32, little-endian, one after the other.
    """

    modality: ClassVar[Modality] = "text"

    data: bytes = field(repr=False)
    media_type: str = "application/octet-stream"

    @property
    def dimensions(self) -> int:
        """How many numbers."""
        return len(self.data) // 4

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers."""
        return struct.unpack(f"<{self.dimensions}f", self.data)

    def content(self) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoded(Artifact):
    """An artifact whose encoded bytes are in memory (``data``) or in a file (``path``)."""

    data: bytes | None = field(default=None, repr=False)
    path: Path | None = None

    def content(self) -> bytes:
        if self.data is not None:
            return self.data
        if self.path is None:
            raise ValueError(f"{type(self).__name__} has neither data nor path")
        return self.path.read_bytes()

    def sha256(self) -> str:
        if self.data is not None or self.path is None:
            return hashlib.sha256(self.content()).hexdigest()
        with self.path.open("rb") as file:  # may be larger than memory
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _write(self, target: Path) -> None:
        if self.data is not None or self.path is None:
            return write_atomic(target, self.content())
        with self.path.open("rb") as source, replacing(target) as file:
            shutil.copyfileobj(source, file, 1 << 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageArtifact(_Encoded):
    """A picture of ``width`` x ``height`` pixels, encoded as ``media_type``."""

    modality: ClassVar[Modality] = "image"

    width: int
    height: int
    media_type: str = "image/png"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioArtifact(_Encoded):
    """Sound: ``sample_rate`` in Hz, ``duration_s`` in seconds.

    Attributes:
        segments: for speech, what is said when: ``{"start": s, "end": s, "text": str}`` in order, for captions.
    """

    modality: ClassVar[Modality] = "audio"

    sample_rate: int
    channels: int = 1
    duration_s: float
    segments: tuple[dict[str, Any], ...] = ()
    media_type: str = "audio/wav"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoArtifact(_Encoded):
    """Moving pictures: ``frames`` frames at ``fps``."""

    modality: ClassVar[Modality] = "video"

    width: int
    height: int
    fps: float
    frames: int
    media_type: str = "video/mp4"

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.frames / self.fps
