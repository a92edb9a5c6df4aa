"""Colours of a gif: each frame gets the 256 that suit it best."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av


class Palette:
    """FFmpeg's palettegen and paletteuse, frame by frame, so that memory does not grow with the clip's length.

    Ordered dither: its pattern stands still, so flat colours do not flicker.
    """

    def __init__(self, width: int, height: int, clock: Fraction) -> None:
        graph = av.filter.Graph()
        self._source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=clock)
        split = graph.add("split")
        make = graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
        use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=5")
        self._sink = graph.add("buffersink")
        self._source.link_to(split, 0, 0)
        split.link_to(use, 0, 0)
        split.link_to(make, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(self._sink, 0, 0)
        graph.configure()
        self._graph = graph

    def apply(self, frame: Any) -> Any:
        """The frame in 256 colours, at the same time."""
        self._source.push(frame)
        return self._sink.pull()
