"""Captions: reading a SubRip file, and a subtitle track that players can switch on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest

_LARGEST = 4_000_000
_TIMES = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{1,3})")
_TAGS = re.compile(r"</?[a-zA-Z][^>]{0,40}>|\{\\[^}]{0,80}\}")
_CLOCK = Fraction(1, 1000)
_ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""  # noqa: E501 - the format has one line for this


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption, in seconds from the clip's beginning."""

    start_s: float
    end_s: float
    text: str


def read(path: Path) -> tuple[Cue, ...]:
    """The cues of a SubRip file, in order of time (https://www.matroska.org/technical/subtitles.html).

    Raises:
        InvalidRequest: it cannot be read, is no such file, or a cue ends before it begins.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InvalidRequest(f"{path} is too large for captions", plugin="video")
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidRequest(f"cannot read captions from {path}: {why}", plugin="video") from None
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    cues = [cue for block in blocks if block.strip() and (cue := _cue(block, path))]
    return tuple(sorted(cues, key=lambda cue: cue.start_s))


def _cue(block: str, path: Path) -> Cue | None:
    found = _TIMES.search(block)
    if found is None:
        what = f"{path} is not a SubRip file: {block.strip().splitlines()[0][:60]!r} has no times"
        raise InvalidRequest(what, plugin="video", fix="such as: 00:00:01,000 --> 00:00:02,500")
    numbers = [int(group) for group in found.groups()]
    start, end = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (numbers[:4], numbers[4:]))
    if end < start:
        raise InvalidRequest(f"{path}: a caption at {start:g} s ends before it begins", plugin="video")
    text = _TAGS.sub("", block[found.end() :]).strip()
    return Cue(start, end, text) if text and end > start else None


class SubtitleTrack:
    """Cues on their way into a container: ``mov_text`` in mp4, WebVTT in webm."""

    def __init__(self, container: Any, form: str, cues: Sequence[Cue]) -> None:
        self._stream = container.add_stream("mov_text" if form == "mp4" else "webvtt")
        self._stream.codec_context.subtitle_header = _ASS_HEADER
        self._stream.codec_context.time_base = self._stream.time_base = _CLOCK
        self._cues = list(cues)

    def until(self, time_s: float | None, container: Any) -> None:
        """Writes the cues that begin before ``time_s``; all that are left if it is None."""
        from av.subtitles.subtitle import SubtitleSet

        while self._cues and (time_s is None or self._cues[0].start_s <= time_s):
            cue = self._cues.pop(0)
            start, length = round(cue.start_s * 1000), round((cue.end_s - cue.start_s) * 1000)
            line = cue.text.replace("\n", r"\N").replace("{", "(").replace("}", ")")
            packet = self._stream.codec_context.encode_subtitle(
                SubtitleSet.create(f"0,0,Default,,0,0,0,,{line}".encode(), 0, length, start)
            )
            packet.pts = packet.dts = start
            packet.duration = length
            packet.time_base, packet.stream = _CLOCK, self._stream
            container.mux(packet)
