"""A transcription's segments as captions: SubRip (srt) and WebVTT, with lines that fit a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

LINE = 42
"""Characters per line at most, as broadcasters have it (BBC and Netflix: 37 to 42); a Chinese character takes two."""


def srt(segments: Iterable[Mapping[str, Any]]) -> str:
    """SubRip. A segment is ``{"start": seconds, "end": seconds, "text": str}``."""
    blocks = [
        f"{number}\n{_time(s['start'], ',')} --> {_time(s['end'], ',')}\n{_lines(s['text'])}\n"
        for number, s in enumerate(segments, 1)
    ]
    return "\n".join(blocks)


def vtt(segments: Iterable[Mapping[str, Any]]) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/)."""
    blocks = [f"{_time(s['start'], '.')} --> {_time(s['end'], '.')}\n{_escaped(_lines(s['text']))}\n" for s in segments]
    return "\n".join(["WEBVTT\n", *blocks])


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"


def _lines(text: str) -> str:
    text = text.strip()
    if any("\u3400" <= c <= "\u9fff" for c in text):
        width = LINE // 2
        return "\n".join(text[i : i + width] for i in range(0, len(text), width))
    return "\n".join(textwrap.wrap(text, LINE)) or text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
