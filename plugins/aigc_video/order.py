"""What is asked for beside the moving part, checked before anything runs: cards, sound, captions, size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import VideoRequest

from . import captions, colours, pictures, subtitles
from .encode import check_rate, rate
from .timeline import Lengths, Moving, Timeline, lengths

WHITE = (255, 255, 255)
SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Order:
    """What goes around the moving part.

    Attributes:
        parts: frames of each part. background: as asked for, or None. sound: the recording that is heard.
    """

    form: str
    fps: Fraction
    parts: Lengths
    background: colours.Colour | None
    title: Image.Image | None
    end_card: Image.Image | None
    sound: Path | None
    cues: tuple[subtitles.Cue, ...]
    font: Path | None

    def timeline(self, moving: Moving, size: tuple[int, int]) -> Timeline:
        """All frames, once it is known how large they are. Raises InvalidRequest as :class:`Captions` does."""
        shown = captions.Captions(self.cues, size, self.fps, self.font) if self.cues else None
        return Timeline(moving, self.parts, self._card(self.title, size), self._card(self.end_card, size), shown)

    def _card(self, picture: Image.Image | None, size: tuple[int, int]) -> Image.Image | None:
        return None if picture is None else pictures.contained(picture, size, self.background or WHITE)


def read(request: VideoRequest, *, usual_s: float, usual_fps: float) -> Order:
    """The order of a request.

    Args:
        usual_s, usual_fps: where it says nothing.

    Raises:
        InvalidRequest: a file cannot be read, or what is asked for does not go together.
    """
    options = request.options
    form = request.format or "mp4"
    fps = rate(request.fps or usual_fps)
    check_rate(form, float(fps))
    sound, cues, font = _path(options, "audio"), _path(options, "captions"), _path(options, "font")
    sound_s = 0.0
    if sound is not None:
        from .soundtrack import length_s

        if form == "gif":
            raise InvalidRequest("a gif has no sound", plugin="video", fix="mp4 or webm, or leave out audio")
        sound_s = length_s(sound)
    title, end_card = _picture(options, "title"), _picture(options, "end_card")
    found = subtitles.read(cues) if cues is not None else ()
    captions.check_characters(found, font)
    return Order(
        form=form,
        fps=fps,
        parts=lengths(
            request.duration_s,
            usual_s,
            fps,
            title_s=_number(options, "title_s") if title else 0.0,
            end_s=_number(options, "end_card_s") if end_card else 0.0,
            sound_s=sound_s,
        ),
        background=colours.parsed(str(options["background"])) if options.get("background") else None,
        title=title,
        end_card=end_card,
        sound=sound,
        cues=found,
        font=font,
    )


def _path(options: Mapping[str, Any], name: str) -> Path | None:
    value = options.get(name)
    if not value:
        return None
    path = Path(str(value)).expanduser()
    if not path.is_file():
        raise InvalidRequest(f"there is no file {path} (option {name})", plugin="video")
    return path


def _picture(options: Mapping[str, Any], name: str) -> Image.Image | None:
    path = _path(options, name)
    return pictures.read(path) if path is not None else None


def _number(options: Mapping[str, Any], name: str) -> float:
    return float(str(options[name]))


def size(request: VideoRequest, of: tuple[int, int], *, longest: int, least: int = 480) -> tuple[int, int]:
    """Width and height of a clip: as asked for, else in the shape of ``of``, with even sides.

    Raises:
        InvalidRequest: smaller than 16 pixels.
    """
    width, height = request.width, request.height
    if width is None and height is None:
        scale = min(1.0, longest / max(of)) if max(of) >= least else least / max(of)
        width, height = _even(of[0] * scale), _even(of[1] * scale)
    elif width is None:
        assert height is not None
        width = _even(height * of[0] / of[1])
    elif height is None:
        height = _even(width * of[1] / of[0])
    if min(width, height) < SMALLEST:
        what = f"a clip of {width} x {height} pixels is too small"
        raise InvalidRequest(what, plugin="video", fix=f"at least {SMALLEST} pixels")
    return width, height


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
