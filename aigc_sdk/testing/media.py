"""Reads just enough of common file formats to tell whether an artifact is what it says."""

from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import Iterator

from ..contract.artifacts import Artifact, AudioArtifact, ImageArtifact, VectorArtifact, VideoArtifact

_BEGINNINGS: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "image/png": (0, (b"\x89PNG\r\n\x1a\n",)),
    "image/jpeg": (0, (b"\xff\xd8\xff",)),
    "image/gif": (0, (b"GIF87a", b"GIF89a")),
    "image/webp": (8, (b"WEBP",)),
    "audio/wav": (8, (b"WAVE",)),
    "audio/flac": (0, (b"fLaC",)),
    "audio/ogg": (0, (b"OggS",)),
    "audio/mpeg": (0, (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "video/mp4": (4, (b"ftyp",)),
    "video/webm": (0, (b"\x1a\x45\xdf\xa3",)),
}
"""Where a format's signature is, and what it can be (https://www.garykessler.net/library/file_sigs.html)."""


def contradictions(artifact: Artifact, modality: str) -> list[str]:
    """What about the artifact is not true, a clause each; empty if nothing is."""
    if artifact.modality != modality:
        return [f"a {modality} plugin made a {type(artifact).__name__}"]
    content = artifact.content()
    if not content:
        return ["the artifact is empty"]
    return list(_contradictions(artifact, content))


def _contradictions(artifact: Artifact, content: bytes) -> Iterator[str]:
    media_type = artifact.media_type.partition(";")[0].strip()
    if isinstance(artifact, VectorArtifact):
        yield from () if math.isclose(math.hypot(*artifact.values), 1, abs_tol=1e-3) else ["a vector's length is not 1"]
    elif artifact.modality == "text" and not media_type.startswith(("text/", "application/json")):
        yield f"a text is not {media_type}"
    if media_type in _BEGINNINGS:
        offset, signatures = _BEGINNINGS[media_type]
        if not content[offset:].startswith(signatures):
            yield f"media_type is {media_type}, but the bytes begin with {content[:12]!r}"
            return
    if isinstance(artifact, (ImageArtifact, VideoArtifact)):
        claimed, found = (artifact.width, artifact.height), _size(media_type, content)
        if found is not None and found != claimed:
            yield f"width and height are {claimed[0]}x{claimed[1]}, but the picture is {found[0]}x{found[1]}"
    if isinstance(artifact, AudioArtifact) and media_type == "audio/wav":
        yield from _wrong_sound(artifact, content)


def _size(media_type: str, content: bytes) -> tuple[int, int] | None:
    if media_type == "image/png":
        return struct.unpack(">II", content[16:24])
    if media_type == "image/gif":
        return struct.unpack("<HH", content[6:10])
    return None


def _wrong_sound(artifact: AudioArtifact, content: bytes) -> Iterator[str]:
    try:
        with wave.open(io.BytesIO(content)) as sound:
            rate, channels, frames = sound.getframerate(), sound.getnchannels(), sound.getnframes()
    except (wave.Error, EOFError):
        return  # floating-point samples, which the standard library does not read
    claimed = (artifact.sample_rate, artifact.channels)
    if (rate, channels) != claimed:
        yield f"sample_rate and channels are {claimed}, but the sound has {(rate, channels)}"
    elif abs(frames / rate - artifact.duration_s) > 0.005:
        yield f"duration_s is {artifact.duration_s:.3f}, but the sound lasts {frames / rate:.3f} s"
