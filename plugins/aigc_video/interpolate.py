"""The interpolation runner: a clip with frames between its frames, its sound and its times kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.events import Event, Progress
from aigc_sdk.contract.requests import Media, Request, VideoRequest
from aigc_sdk.contract.runner import BaseRunner, Item, RunContext
from aigc_sdk.contract.spool import new_file

from . import clips
from .between import Between
from .cuts import Cuts
from .encode import VideoFile, check_rate
from .soundtrack import Soundtrack
from .writing import Steps, completed

TIMES = 2
_NOT_HERE = ("audio", "background", "captions", "end_card", "font", "image_model", "morph_to", "title")


Timed = tuple["clips.Pixels", int, int]
"""A frame, when it is shown and for how long, in ticks."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A request, read."""

    about: clips.About
    form: str
    times: int
    copies_sound: bool

    @property
    def rate(self) -> Fraction:
        """Frames per second on average, of what comes out."""
        return self.about.rate * self.times


class InterpolationRunner(BaseRunner):
    """Makes clips smoother."""

    libraries = ("torch", "numpy", "av", "pillow")

    def __init__(self, model: Between, weights: dict[str, str]) -> None:
        self.weights = weights
        self._model = model

    def preprocess(self, request: Request) -> Inputs:
        assert isinstance(request, VideoRequest)
        assert request.video is not None
        _check_nothing_else(request)
        about = clips.look(request.video)
        form = request.format or "mp4"
        times = request.times or TIMES
        check_rate(form, float(about.rate * times))
        sound = about.sound and form != "gif" and clips.CopiedSound.fits(request.video, form)
        return Inputs(about, form, times, sound)

    def batch_key(self, request: Request) -> Hashable:
        return "interpolate"

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for item in items:
            for event in self._made(item, context):
                yield item.index, event

    def close(self) -> None:
        self._model.close()

    def _made(self, item: Item, context: RunContext) -> Steps:
        request, inputs = item.request, item.inputs
        assert isinstance(request, VideoRequest)
        assert isinstance(inputs, Inputs)
        assert request.video is not None
        about, form = inputs.about, inputs.form
        clock = about.clock / inputs.times
        of = about.frames * inputs.times if about.frames else None
        file = VideoFile(
            new_file(form), form, about.width, about.height, inputs.rate, clock=clock, sound=_sound(request, inputs)
        )
        smoother = Smoother(self._model, inputs, float(str(request.options["scene_cut"])))
        done = False
        try:
            for pixels, at, lasts in smoother.frames(request.video, lambda: context.cancelled(item.index)):
                if context.cancelled(item.index):
                    return
                file.write(pixels, at, lasts)
                yield Progress(file.frames, max(of, file.frames) if of else None, "drawing frames")
            if context.cancelled(item.index):
                return
            file.close()
            done = True
        finally:
            if not done:
                file.abandon()
        notes = [f"{smoother.cuts} scene cuts: nothing was drawn across them"] if smoother.cuts else []
        yield completed(file, form, notes, seconds=float(smoother.ticks * clock))


def _sound(request: VideoRequest, inputs: Inputs) -> clips.CopiedSound | Soundtrack | None:
    assert request.video is not None
    if not inputs.about.sound or inputs.form == "gif":
        return None
    return clips.CopiedSound(request.video) if inputs.copies_sound else Soundtrack(request.video, inputs.form)


def _check_nothing_else(request: VideoRequest) -> None:
    """Raises InvalidRequest for what only other tasks know, rather than ignoring it."""
    fields = ("width", "height", "fps", "duration_s", "motion", "image", "steps", "guidance_scale")
    wrong = [name for name in fields if getattr(request, name) is not None]
    wrong += [f"option {name}" for name in _NOT_HERE if request.options.get(name)]
    if wrong:
        raise InvalidRequest(f"interpolate does not know {', '.join(wrong)}", plugin="video", fix="times=2 to 16")


class Smoother:
    """The frames of a clip and those between them, with times in ticks of 1/``times`` of the clip's own clock.

    Attributes:
        cuts: scene cuts so far. ticks: from the first frame to the end of the last.
    """

    def __init__(self, model: Between, inputs: Inputs, threshold: float) -> None:
        self.cuts = 0
        self.ticks = 0
        self._model = model
        self._times = inputs.times
        self._usual = max(1, round(1 / (inputs.about.rate * inputs.about.clock)))
        self._cuts = Cuts(threshold)

    def frames(self, media: Media, stopped: Callable[[], bool]) -> Iterator[Timed]:
        """Frames and their times: ``times`` for each of the clip's; after the last it stands still as long as it did.

        Raises:
            InvalidRequest: the clip has only one frame, or is damaged.
        """
        last: clips.Frame | None = None
        first = lasted = 0
        for frame in clips.frames(media):
            cut = self._cuts.cut_before(frame.pixels)
            if last is None:
                first = frame.at
            else:
                lasted = frame.at - last.at
                yield from self._between(last, frame, cut, stopped)
            last = frame
        if last is None or not lasted:
            what = "the clip has only one frame" if last is not None else "the clip has no frame"
            raise InvalidRequest(what, plugin="video", fix="there is nothing between its frames; take a longer clip")
        length = last.lasts or self._usual
        self.ticks = (last.at - first + length) * self._times
        for step in range(self._times):
            yield last.pixels, last.at * self._times + length * step, length

    def _between(
        self, first: clips.Frame, second: clips.Frame, cut: bool, stopped: Callable[[], bool]
    ) -> Iterator[Timed]:
        steps = range(1, self._times)
        at, length = first.at * self._times, second.at - first.at
        yield first.pixels, at, length
        if stopped():
            return
        if cut:
            self.cuts += 1
            yield from ((first.pixels, at + length * step, length) for step in steps)
            return
        times = [step / self._times for step in steps]
        made = self._model.frames(first.pixels, second.pixels, times)
        yield from ((pixels, at + length * step, length) for step, pixels in zip(steps, made, strict=True))
