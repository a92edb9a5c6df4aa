"""Small plugins without a model, so that the server can be watched: what they make is plain, and they wait if told."""

from __future__ import annotations

import io
import threading
import wave
from typing import ClassVar

from aigc_sdk import (
    AudioArtifact,
    BaseRunner,
    Client,
    Completed,
    Delta,
    ImageArtifact,
    InvalidRequest,
    Manifest,
    ModelCard,
    OptionSpec,
    Progress,
    RunnerSpec,
    TextArtifact,
    VideoArtifact,
)
from aigc_sdk.contract.events import Preview
from aigc_sdk.contract.spool import new_file
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import echo_registry

TASKS = {
    "image": ("text-to-image", "image-to-image", "inpaint"),
    "audio": ("text-to-speech", "transcribe"),
    "video": ("text-to-video", "image-to-video"),
}
SERVES = {"image": (), "audio": ("word_timestamps",), "video": ()}
OPTIONS = (
    OptionSpec(name="previews", type="int", default=0, minimum=0, help="a preview every so many steps"),
    OptionSpec(name="quality", type="int", default=90, minimum=1, maximum=100, help="of files"),
    OptionSpec(name="paper", type="str", file=True, help="a file of this machine"),
    OptionSpec(name="wait", type="bool", default=False, help="go on only when the test says so"),
)
RATE = 8000
SEGMENTS = ({"start": 0.0, "end": 0.7, "text": "Hello there."}, {"start": 0.7, "end": 1.5, "text": "Good <bye>."})
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(range(200))
"""Not a real clip: bytes that are told apart from others."""


class Small(BaseRunner):
    """Remembers what it was asked. With the option ``wait``, it stops in the middle until ``go`` is set."""

    asked: ClassVar[list] = []
    stopped: ClassVar[list] = []
    go: ClassVar[threading.Event] = threading.Event()

    def run(self, items, context):
        for item in items:
            self.asked.append(item.request)
            for event in self.make(item.request):
                if event is None:
                    while item.request.options["wait"] and not self.go.wait(0.01) and not context.cancelled(item.index):
                        pass
                elif context.cancelled(item.index):
                    self.stopped.append(item.request)
                    break
                else:
                    yield item.index, event


class Painter(Small):
    """A picture of the colour that is the prompt's first word, 32x16 if nothing else is said."""

    def make(self, request):
        if request.prompt == "nothing":
            raise InvalidRequest("there is nothing to paint", fix="name a thing")
        size = (request.width or 32, request.height or 16)
        every, steps = request.options["previews"], request.steps or 20
        for step in range(1, steps + 1):
            yield Progress(step, steps)
            if every and step % every == 0:
                yield Preview(painted(request.prompt, (8, 4), "jpeg"))
        yield None
        yield Completed(
            painted(request.prompt, size, request.format), {"pixels": 1.0}, (f"read as: {request.prompt}!",)
        )


def painted(prompt, size, form):
    """A picture of one colour; grey for words that are none."""
    from PIL import Image, ImageColor

    file = io.BytesIO()
    Image.new("RGB", size, ImageColor.colormap.get(prompt.split()[0], "grey")).save(file, form)
    return ImageArtifact(data=file.getvalue(), width=size[0], height=size[1], media_type=f"image/{form}")


class Voice(Small):
    """A hundredth of a second of a rising tone for each word; hears the same in 1.5 s of anything."""

    files: ClassVar[list] = []

    def make(self, request):
        if request.task == "transcribe":
            yield from self.heard(request)
            return
        if request.voice not in (None, "only"):
            raise InvalidRequest(f"there is no voice {request.voice!r}", fix="known: only")
        rate = request.sample_rate or RATE
        words = [tone(number, rate // 100) for number, _ in enumerate(request.prompt.split(), 1)]
        for number, pcm in enumerate(words):
            if number == 1:
                yield None
            if request.prompt != "at once":
                yield Delta(audio=pcm, sample_rate=rate)
            if words[number:] and request.prompt.split()[number] == "breaks":
                raise ZeroDivisionError("provoked by the prompt")
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, rate, 0, "NONE", ""))
            sound.writeframes(b"".join(words))
        whole: dict = {"data": file.getvalue()}
        if request.prompt == "on disk":
            whole = {"path": new_file("wav")}
            whole["path"].write_bytes(file.getvalue())
            self.files.append(whole["path"])
        yield Completed(AudioArtifact(**whole, sample_rate=rate, duration_s=len(words) / 100))

    def heard(self, request):
        if request.audio.read() == b"noise":
            raise InvalidRequest("the recording is not a sound file", fix="give a wav")
        yield Delta("Hello there.")
        yield None
        yield Delta(" Good <bye>.")
        segments = (
            {"start": 0.0, "end": 0.7, "text": "Hello there."},
            {"start": 0.7, "end": 1.5, "text": "Good <bye>."},
        )
        words = tuple(
            {"start": i * 0.3, "end": i * 0.3 + 0.2, "word": word}
            for i, word in enumerate(("Hello", "there.", "Good", "<bye>."))
        )
        text = TextArtifact(
            text="Hello there. Good <bye>.",
            segments=segments if request.timestamps else (),
            words=words if request.word_timestamps else (),
            language="en",
        )
        yield Completed(text, {"audio_seconds": 1.5})


def tone(number, samples):
    """Samples that count up from ``number`` thousand, so that order and loss show."""
    return b"".join((number * 1000 + i % 100).to_bytes(2, "little", signed=True) for i in range(samples))


class Filmer(Small):
    """Bytes that are no clip, 64x36 if nothing else is said."""

    def make(self, request):
        if request.prompt == "nothing":
            raise InvalidRequest("there is nothing to film", fix="name a thing")
        yield Progress(1, 4)
        yield None
        yield Progress(3, 4)
        width, height, seconds = request.width or 64, request.height or 36, request.duration_s or 4.0
        artifact = VideoArtifact(data=CLIP, width=width, height=height, fps=10, frames=round(seconds * 10))
        yield Completed(artifact, {"seconds": artifact.duration_s})


def load_image(card, plan, files):
    return Painter()


def load_audio(card, plan, files):
    return Voice()


def load_video(card, plan, files):
    return Filmer()


def card(modality: str) -> ModelCard:
    voices = ("only",) if modality == "audio" else ()
    return ModelCard(id=f"small-{modality}", tasks=TASKS[modality], licence="MIT", format="none", voices=voices)


def manifest(modality: str) -> Manifest:
    return Manifest(
        name=f"small-{modality}",
        version="1.0",
        modality=modality,
        tasks=TASKS[modality],
        licence="MIT",
        models=(card(modality),),
        default_model=f"small-{modality}",
        runners=(
            RunnerSpec(name="only", loader=f"{__name__}:load_{modality}", formats=("none",), serves=SERVES[modality]),
        ),
        options=OPTIONS,
    )


def small_registry() -> Registry:
    """The small plugins and the echo plugin."""
    registry = echo_registry()
    for modality in TASKS:
        registry.add(manifest(modality))
    return registry


def small_client(ledger: bool = False) -> Client:
    """A client that knows the small plugins and the echo plugin. Without a ledger its durable jobs are temporary."""
    registry = small_registry()
    Small.asked, Small.stopped, Small.go = [], [], threading.Event()
    return Client(settings=Settings(ledger=LedgerSettings(enabled=ledger)), registry=registry)
