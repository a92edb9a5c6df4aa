"""Segments as captions."""

from __future__ import annotations

from aigc_sdk.captions import srt, vtt

SEGMENTS = [
    {"start": 0.0, "end": 2.5, "text": " Your morning, in red. It holds a large cup of coffee & more."},
    {"start": 3661.25, "end": 3662.0, "text": "星空之下有人在等你回家星空之下有人在等你回家"},
]


def test_subrip() -> None:
    assert srt(SEGMENTS) == (
        "1\n00:00:00,000 --> 00:00:02,500\nYour morning, in red. It holds a large cup\nof coffee & more.\n\n"
        "2\n01:01:01,250 --> 01:01:02,000\n星空之下有人在等你回家星空之下有人在等你回\n家\n"
    )


def test_webvtt() -> None:
    text = vtt(SEGMENTS[:1])
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n")
    assert "coffee &amp; more" in text


def test_no_segments() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n"
