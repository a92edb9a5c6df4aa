"""Clips from pictures and words: what moves, how long it lasts, what it costs to be wrong."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from aigc_sdk import Client
from aigc_sdk.contract.errors import AigcError, Cancelled, InvalidRequest
from aigc_sdk.contract.events import Progress, Started
from aigc_sdk.contract.requests import VideoRequest

from .conftest import clip, photo, picture

SMALL = {"width": 96, "height": 96, "fps": 10, "duration_s": 1.0, "seed": 1}


def red(frame: np.ndarray) -> tuple[float, float]:
    """Where the middle of the red part is, x and y in parts of the frame; NaN if there is none."""
    mask = (frame[..., 0] > 150) & (frame[..., 1] < 110) & (frame[..., 2] < 110)
    y, x = np.nonzero(mask)
    return (float(x.mean()) / frame.shape[1], float(y.mean()) / frame.shape[0]) if len(x) > 8 else (np.nan, np.nan)


def test_words_choose_the_motion_and_the_image_model_paints(video: Client) -> None:
    made = video.generate("video", "a red ball takes off", **SMALL)
    frames, _, _ = clip(made)
    places = [red(frame) for frame in frames]
    assert (made.frames, made.width, made.height, made.fps) == (10, 96, 96, 10)
    assert places[0][0] == pytest.approx(0.42, abs=0.05)
    seen = [place for place in places if not np.isnan(place[0])]
    assert seen[-1][0] > seen[0][0] + 0.1  # to the upper right, and away
    assert seen[-1][1] < seen[0][1] - 0.1
    receipt = made.receipt
    assert receipt is not None
    assert receipt.notes == ("motion: launch", "picture: it is a disc")
    assert {part.model for part in receipt.parts} == {"disc"}
    assert all(part.output_sha256 for part in receipt.parts)


@pytest.mark.parametrize("motion", ["bounce", "spin", "slide", "rise", "float", "zoom", "roll", "still", "drive"])
def test_an_object_moves_over_its_own_background(video: Client, tmp_path: Path, motion: str) -> None:
    made = video.generate(
        "video", task="image-to-video", image={"path": picture(tmp_path)}, motion=motion, **SMALL,
        options={"background": "#2040ff"},
    )  # fmt: skip
    frames, _, _ = clip(made)
    corner = np.array([frame[2, 2] for frame in frames]).astype(int)
    assert np.abs(corner - [32, 64, 255]).max() < 12  # the background stands still
    moves = max(np.abs(frame.astype(int) - frames[0]).max() for frame in frames) > 40
    assert moves == (motion != "still")


def test_a_prompt_that_asks_for_no_motion_gets_a_gentle_zoom_and_is_told(video: Client) -> None:
    made = video.generate("video", "ein blauer Ball", **SMALL)
    assert made.receipt is not None
    assert made.receipt.notes[0] == "motion: zoom (nothing asks for another)"


def test_a_photo_is_moved_by_a_camera(video: Client, tmp_path: Path) -> None:
    made = video.generate(
        "video", task="image-to-video", image={"path": photo(tmp_path)}, motion="bounce", width=160, height=120, fps=10,
        duration_s=1.0,
    )  # fmt: skip
    frames, _, _ = clip(made)
    assert all(frame.std() > 20 for frame in frames)  # it fills every frame


@pytest.mark.parametrize("motion", ["rotate", "zoom-out", "pan-left", "float"])
def test_a_camera_never_looks_beyond_the_picture(motion: str) -> None:
    from aigc_video.poses import MOVES
    from aigc_video.scene import CameraScene
    from PIL import Image

    for picture_size, size in (((300, 200), (120, 40)), ((100, 300), (90, 60)), ((64, 64), (40, 120))):
        scene = CameraScene(Image.new("RGB", picture_size, "white"), size, MOVES[motion], 4.0)
        assert min(np.asarray(scene.frame(i / 8)).min() for i in range(9)) == 255


def test_slow_motion_does_not_jitter() -> None:
    """The middle of a disc that is drawn at fractions of a pixel follows its path to a tenth of a pixel."""
    from aigc_video.scene import Sprite
    from PIL import Image, ImageDraw

    disc = Image.new("RGBA", (100, 100))
    ImageDraw.Draw(disc).ellipse((2, 2, 97, 97), fill=(255, 255, 255, 255))
    sprite = Sprite(disc)
    for angle in (0.0, 20.0):
        for step in range(12):
            x, y = 48 + step * 0.13, 50 - step * 0.07
            canvas = Image.new("RGB", (96, 96))
            sprite.draw(canvas, (x, y), (40, 40), angle)
            light = np.asarray(canvas)[..., 0].astype(float)
            across, down = np.meshgrid(np.arange(96) + 0.5, np.arange(96) + 0.5)
            found = (light * across).sum() / light.sum(), (light * down).sum() / light.sum()
            assert found == pytest.approx((x, y), abs=0.1)


def test_the_same_seed_makes_the_same_bytes(video: Client) -> None:
    first = video.generate("video", "a blue ball bounces", **SMALL)
    again = video.generate("video", "a blue ball bounces", **SMALL)
    other = video.generate("video", "a blue ball bounces", **{**SMALL, "seed": 2})
    assert first.content() == again.content()
    assert first.content() != other.content()


@pytest.mark.parametrize(
    ("prompt", "motion", "subject"),
    [
        ("a rocket takes off", "launch", "a rocket"),
        ("火箭起飞", "launch", "火箭"),
        ("a ball bouncing", "bounce", "a ball"),
        ("旋转的地球", "spin", "的地球"),
        ("a car driving", "drive", "a car"),
        ("the moon rises", "rise", "the moon"),
        ("a red apple", "zoom", "a red apple"),
        ("一只鸟在飞", "fly", "一只鸟在"),
    ],
)
def test_motions_by_words(prompt: str, motion: str, subject: str) -> None:
    from aigc_video import motions

    assert motions.suiting(prompt) == motion
    assert motions.without_motion(prompt) == subject


def test_a_prompt_that_says_what_becomes_what() -> None:
    from aigc_video import motions

    assert motions.suiting("a seed becomes a tree") == "morph"
    assert motions.two_prompts("a seed turns into a tree") == ("a seed", "a tree")
    assert motions.two_prompts("蛋变成小鸡") == ("蛋", "小鸡")
    assert motions.two_prompts("a red apple") is None


def test_cancelling_stops_the_painter_too(video: Client) -> None:
    job = video.submit(VideoRequest(prompt="a slow red ball", seed=1, duration_s=1))
    for event in job.events():
        if isinstance(event, Started):
            time.sleep(0.1)
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert video.generate("video", "a red ball", **SMALL).frames == 10


def test_cancelling_while_frames_are_drawn(video: Client) -> None:
    job = video.submit(VideoRequest(prompt="a red ball", seed=1, width=96, height=96, duration_s=600, fps=30))
    steps = 0
    for event in job.events():
        steps += isinstance(event, Progress)
        if isinstance(event, Progress) and event.step == 5:
            job.cancel()
    assert steps < 12
    with pytest.raises(Cancelled):
        job.result()


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"motion": "zom"}, "no motion 'zom'"),
        ({"motion": "morph"}, "become"),
        ({"duration_s": 0.01, "fps": 10}, "no frame"),
        ({"fps": 60, "format": "gif"}, "at most 50"),
        ({"width": 8, "height": 8}, "too small"),
        ({"options": {"background": "no colour"}}, "not a colour"),
        ({"options": {"title": "/nowhere.png"}}, "no file"),
        ({"width": 5000}, "at most 4096"),
    ],
)
def test_what_cannot_be_is_refused(video: Client, fields: dict, what: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        video.generate("video", "a red ball", **fields)
    assert what in str(refused.value)


def test_pictures_that_are_none(video: Client, tmp_path: Path) -> None:
    broken = picture(tmp_path)
    broken.write_bytes(broken.read_bytes()[:60])
    (tmp_path / "words.png").write_text("no picture")
    for name in ("ball.png", "words.png", "nowhere.png"):
        with pytest.raises(InvalidRequest):
            video.generate("video", task="image-to-video", image={"path": tmp_path / name})


def test_a_decompression_bomb_is_refused_before_it_is_opened(video: Client, tmp_path: Path) -> None:
    from PIL import Image

    for side in (9_000, 20_000):
        Image.new("1", (side, side)).save(tmp_path / "bomb.png")
        with pytest.raises(InvalidRequest, match="pixels"):
            video.generate("video", task="image-to-video", image={"path": tmp_path / "bomb.png"})


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "LA", "RGBA", "I;16", "1"])
def test_every_kind_of_picture_goes_in(video: Client, tmp_path: Path, mode: str) -> None:
    name = "ball.jpg" if mode == "CMYK" else "ball.png"
    path = picture(tmp_path, name=name, mode=mode)
    made = video.generate("video", task="image-to-video", image={"path": path}, fps=5, duration_s=0.4)
    assert made.frames == 2


def test_without_an_image_model_it_says_what_to_do() -> None:
    from aigc_video.manifest import MANIFEST

    from aigc_sdk.registry import Registry
    from aigc_sdk.settings import LedgerSettings, Settings

    registry = Registry()
    registry.add(MANIFEST)
    settings = Settings(ledger=LedgerSettings(enabled=False))
    with Client(settings=settings, registry=registry) as client, pytest.raises(AigcError, match="image"):
        client.generate("video", "a rocket", duration_s=0.2)


def test_a_clip_can_be_made_again_from_its_receipt(video: Client) -> None:
    made = video.generate("video", "a gold ball rolls", **SMALL)
    assert made.receipt is not None
    assert video.replay(made.receipt).identical
