"""Frames between frames: how many, when, with which sound; and that they are better than blending."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import VideoArtifact
from aigc_sdk.contract.errors import AigcError, Cancelled, CorruptModel, InvalidRequest
from aigc_sdk.contract.events import Progress
from aigc_sdk.contract.manifest import Source, SourceFile
from aigc_sdk.contract.requests import Media, VideoRequest
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings

from .conftest import clip, photo, sound
from .painter import MIXER, PAINTER

torch = pytest.importorskip("torch")
TIMES = [0, 100, 200, 250, 300, 500, 600, 1000, 1100, 1200]
"""Milliseconds: a screen recording's, with pauses."""


def scene(number: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """A textured square that moves over a textured background."""
    draw = np.random.default_rng(1)
    ground = np.kron(draw.integers(80, 170, (size[1] // 8, size[0] // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    square = np.kron(draw.integers(0, 255, (4, 4, 3)), np.ones((6, 6, 1))).astype(np.uint8)
    x, y = 8 + 2 * number % (size[0] - 40), 20
    ground[y : y + 24, x : x + 24] = square
    return ground


def recorded(
    path: Path, *, form: str = "mp4", voice: Path | None = None, times: list[int] | None = None, count: int = 10
) -> Path:
    """A clip of the moving square, at ten frames per second if no times are given."""
    from aigc_video.encode import VideoFile
    from aigc_video.soundtrack import Soundtrack

    heard = Soundtrack(voice, form) if voice else None
    clock = Fraction(1, 1000) if times else None
    file = VideoFile(path, form, 96, 64, Fraction(10), clock=clock, sound=heard)
    for number in range(count):
        file.write(scene(number), times[number] if times else None, 100 if times else 1)
    file.close()
    return path


@pytest.fixture(scope="module")
def smoother(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client whose RIFE has random weights, in a pickle like the real one: what it draws is noise, but in time."""
    from aigc_video.ifnet import IFNet
    from aigc_video.manifest import MANIFEST

    folder = tmp_path_factory.mktemp("rife")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = IFNet().state_dict()
    parts = {"enter": "conv0", "body": "convblock", "leave": "lastconv"}
    named = {}
    for name, tensor in weights.items():
        _, block, part, rest = name.split(".", 3)
        named[f"module.block{block}.{parts[part]}.{rest}"] = tensor * 0.1
    torch.save(named, folder / "flownet.pkl")
    registry = Registry()
    registry.add(MANIFEST.model_copy(update={"models": (MANIFEST.models[0], _card(folder))}))
    registry.add(PAINTER)
    registry.add(MIXER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aigc_video.motion.RIFE", _card(folder))
        patch.setenv("AIGC_HOME", str(tmp_path_factory.mktemp("home")))
        with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client:
            yield client


def _card(folder: Path) -> Any:
    from aigc_video.cards import RIFE

    digest = hashlib.sha256((folder / "flownet.pkl").read_bytes()).hexdigest()
    files = (SourceFile(path="flownet.pkl", name="flownet.pkl", sha256=digest),)
    return RIFE.model_copy(update={"sources": (Source(uri=f"file:{folder}", files=files),)})


def smoothed(client: Client, path: Path, **fields: Any) -> VideoArtifact:
    return client.generate("video", task="interpolate", video={"path": path}, **fields)


@pytest.mark.parametrize("times", [2, 3, 16])
def test_as_many_frames_as_asked_for_in_the_same_time(smoother: Client, tmp_path: Path, times: int) -> None:
    path = recorded(tmp_path / "clip.mp4", count=5)
    made = smoothed(smoother, path, times=times)
    frames, at, about = clip(made)
    assert (len(frames), made.frames) == (5 * times, 5 * times)
    assert at == pytest.approx([i / (10 * times) for i in range(5 * times)], abs=1e-4)
    assert about["seconds"] == pytest.approx(0.5, abs=0.002)
    assert made.fps == pytest.approx(10 * times)


@pytest.mark.parametrize("form", ["mp4", "webm"])
def test_frames_of_unequal_length_keep_their_times(smoother: Client, tmp_path: Path, form: str) -> None:
    path = recorded(tmp_path / f"clip.{form}", form=form, times=TIMES)
    _, at, about = clip(smoothed(smoother, path, times=2, format=form))
    halves = [(a + b) / 2 for a, b in zip(TIMES, [*TIMES[1:], 1300], strict=True)]
    assert at == pytest.approx([t / 1000 for pair in zip(TIMES, halves, strict=True) for t in pair], abs=0.0011)
    assert about["seconds"] == pytest.approx(1.3, abs=0.011)


@pytest.mark.parametrize(("before", "after", "codec"), [("mp4", "mp4", "aac"), ("mp4", "webm", "opus")])
def test_the_sound_stays(smoother: Client, tmp_path: Path, before: str, after: str, codec: str) -> None:
    from aigc_video.soundtrack import length_s

    path = recorded(tmp_path / f"clip.{before}", form=before, voice=sound(tmp_path, 1.0))
    made = smoothed(smoother, path, times=2, format=after)
    _, _, about = clip(made)
    assert codec in about["codecs"]["audio"]
    made.save(tmp_path / f"after.{after}")
    assert length_s(tmp_path / f"after.{after}") == pytest.approx(length_s(path), abs=0.03)
    if before == after:
        assert _packets(tmp_path / f"after.{after}") == _packets(path)  # copied, not encoded again


def _packets(path: Path) -> list[bytes]:
    import av

    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_the_first_frames_of_each_pair_are_the_clips_own(smoother: Client, tmp_path: Path) -> None:
    path = recorded(tmp_path / "clip.mp4")
    frames, _, _ = clip(smoothed(smoother, path, times=2))
    assert np.abs(frames[6].astype(int) - scene(3)).mean() < 4


def test_nothing_is_drawn_across_a_cut(smoother: Client, tmp_path: Path) -> None:
    from aigc_video.encode import VideoFile

    file = VideoFile(tmp_path / "cut.mp4", "mp4", 96, 64, Fraction(10))
    for number in range(8):
        file.write(scene(number) if number < 4 else 255 - scene(number))
    file.close()
    made = smoothed(smoother, tmp_path / "cut.mp4", times=4)
    frames, _, _ = clip(made)
    for step in (13, 14, 15):
        assert np.abs(frames[step].astype(int) - scene(3)).mean() < 5  # the old scene until the new one begins
    assert np.abs(frames[16].astype(int) - (255 - scene(4))).mean() < 5
    assert made.receipt is not None
    assert any("1 scene cut" in note for note in made.receipt.notes)


def test_what_stands_still_stays_as_it_is(smoother: Client, tmp_path: Path) -> None:
    from aigc_video.encode import VideoFile

    file = VideoFile(tmp_path / "still.gif", "gif", 96, 64, Fraction(10))
    for _ in range(4):
        file.write(scene(0))
    file.close()
    frames, _, _ = clip(smoothed(smoother, tmp_path / "still.gif", times=2))
    assert max(np.abs(frame.astype(int) - frames[0]).max() for frame in frames) < 30


def test_a_gif_goes_in_and_out(smoother: Client, tmp_path: Path) -> None:
    path = recorded(tmp_path / "clip.gif", form="gif")
    made = smoothed(smoother, path, times=2, format="gif")
    _, at, _ = clip(made)
    assert made.frames == 20
    assert at == pytest.approx([i / 20 for i in range(20)], abs=0.006)


def test_a_clip_in_memory(smoother: Client, tmp_path: Path) -> None:
    data = recorded(tmp_path / "clip.mp4", voice=sound(tmp_path, 1.0)).read_bytes()
    request = VideoRequest(task="interpolate", video=Media(data=data), times=2)
    made = smoother.submit(request).result()
    assert isinstance(made, VideoArtifact)
    assert made.frames == 20


def test_cancel_takes_effect_within_a_step(smoother: Client, tmp_path: Path) -> None:
    path = recorded(tmp_path / "clip.mp4")
    job = smoother.submit(VideoRequest(task="interpolate", video={"path": path}, times=16))
    for event in job.events():
        if isinstance(event, Progress) and event.step == 3:
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()


def test_on_the_way_between_two_prompts_lie_mixtures_of_them(smoother: Client) -> None:
    options = {"image_model": "mix"}
    fields = {"width": 64, "height": 64, "fps": 8, "duration_s": 1.0, "seed": 1, "options": options}
    made = smoother.generate("video", "a red ball becomes a blue ball", **fields)
    assert made.receipt is not None
    parts = made.receipt.parts
    assert [part.task for part in parts] == ["text-to-image"] * 7
    assert len({part.output_sha256 for part in parts}) == 7  # a disc of another colour each
    assert [part.seed for part in parts] == [parts[0].seed] * 7


def test_one_thing_becomes_another(smoother: Client) -> None:
    """A model that mixes nothing draws over the first picture, ever more strongly; RIFE draws between the pictures."""
    fields = {"width": 64, "height": 64, "fps": 8, "duration_s": 1.0, "seed": 1}
    made = smoother.generate("video", "a red ball becomes a blue ball", **fields)
    frames, _, _ = clip(made)
    assert frames[0][32, 32, 0] > 180 > 80 > frames[0][32, 32, 2]
    assert frames[-1][32, 32, 2] > 180 > 80 > frames[-1][32, 32, 0]
    assert made.receipt is not None
    assert [part.task for part in made.receipt.parts] == ["text-to-image", *["image-to-image"] * 4, "text-to-image"]
    assert "flownet.pkl" in made.receipt.weights
    with pytest.raises(InvalidRequest, match="become"):
        smoother.generate("video", "a red ball", motion="morph", **fields)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"times": 17}, "16"),
        ({"times": 1}, "2"),
        ({"width": 100}, "width"),
        ({"motion": "zoom"}, "motion"),
        ({"options": {"audio": "x.wav"}}, "audio"),
        ({"times": 8, "format": "gif"}, "at most 50"),
    ],
)
def test_what_cannot_be_is_refused(smoother: Client, tmp_path: Path, fields: dict[str, Any], what: str) -> None:
    path = recorded(tmp_path / "clip.mp4", count=3)
    with pytest.raises(InvalidRequest) as refused:
        smoothed(smoother, path, **fields)
    assert what in str(refused.value)


def test_files_that_are_no_clips(smoother: Client, tmp_path: Path) -> None:
    whole = recorded(tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.mp4").write_text("no clip")
    voice = sound(tmp_path, 0.2)
    one = recorded(tmp_path / "one.mp4", count=1)
    for path in (tmp_path / "cut.mp4", tmp_path / "words.mp4", tmp_path / "nowhere.mp4", voice, one, photo(tmp_path)):
        with pytest.raises(InvalidRequest):
            smoothed(smoother, path)


def test_a_pickle_of_anything_else_is_not_run(tmp_path: Path) -> None:
    from aigc_video.convert_rife import convert

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    (tmp_path / "flownet.pkl").write_bytes(pickle.dumps({"module.block0.conv0.0.0.weight": Trap()}, protocol=2))
    with pytest.raises(CorruptModel):
        convert(tmp_path, tmp_path)
    assert not (tmp_path / "sprung").exists()
    (tmp_path / "flownet.pkl").write_bytes(io.BytesIO().getvalue())
    with pytest.raises(AigcError):
        convert(tmp_path, tmp_path)


def test_a_pickle_from_anywhere_is_no_model() -> None:
    from aigc_sdk.contract.manifest import ModelCard

    for sources in ((Source(uri="hf:a/b"),), (Source(uri="file:/tmp", files=(SourceFile(path="a", name="a"),)),)):
        with pytest.raises(InvalidRequest, match="pinned"):
            ModelCard(id="x", tasks=("interpolate",), licence="MIT", format="torch", sources=sources)


@pytest.mark.model
def test_frames_between_are_nearer_the_truth_than_blending() -> None:
    from aigc_video.between import Between
    from aigc_video.convert_rife import weights
    from aigc_video.manifest import MANIFEST

    from aigc_sdk.settings import home
    from aigc_sdk.store import Store

    card = next(card for card in MANIFEST.models if card.id == "rife")
    rife = Between(weights(Store(home()).files(card)), "cpu")
    drawn, blended = [], []
    for first in (0, 4, 8):
        a, truth, b = (scene(first + step, (192, 128)).astype(int) for step in (0, 2, 4))
        made = next(iter(rife.frames(a.astype(np.uint8), b.astype(np.uint8), [0.5])))
        drawn.append(np.abs(made.astype(int) - truth).mean())
        blended.append(np.abs((a + b) / 2 - truth).mean())
    rife.close()
    assert np.mean(drawn) < 0.5 * np.mean(blended)
