"""What is around the moving part: sound, captions, cards; formats, sizes and lengths that are exact."""

from __future__ import annotations

import resource
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import VideoArtifact
from aigc_sdk.contract.errors import AigcError, InvalidRequest

from .conftest import clip, photo, picture, sound, srt


def make(video: Client, image: Path, **fields: object) -> VideoArtifact:
    usual = {"width": 96, "height": 64, "fps": 10, "duration_s": 1.0, "seed": 1, "motion": "zoom"}
    return video.generate("video", task="image-to-video", image={"path": image}, **{**usual, **fields})


@pytest.mark.parametrize("form", ["mp4", "webm", "gif"])
@pytest.mark.parametrize("fps", [10.0, 24.0, 29.97])
def test_a_clip_has_exactly_the_frames_asked_for(video: Client, tmp_path: Path, form: str, fps: float) -> None:
    made = make(video, photo(tmp_path), format=form, fps=fps, duration_s=1.5)
    frames, times, about = clip(made)
    rate = 30000 / 1001 if fps == 29.97 else fps
    count = round(1.5 * rate)
    assert (len(frames), made.frames) == (count, count)
    assert times == pytest.approx([i / rate for i in range(count)], abs=0.006 if form == "gif" else 0.001)
    assert about["seconds"] == pytest.approx(count / rate, abs=0.02 if form == "gif" else 0.002)
    assert made.duration_s == pytest.approx(count / rate)


@pytest.mark.parametrize("form", ["mp4", "webm", "gif"])
def test_colours_stay(video: Client, tmp_path: Path, form: str) -> None:
    image = picture(tmp_path)
    made = make(video, image, format=form, width=96, height=96, motion="still")
    frames, _, _ = clip(made)
    assert np.abs(frames[-1][48, 48].astype(int) - [220, 30, 30]).max() <= 6
    assert np.abs(frames[-1][4, 4].astype(int) - [255, 255, 255]).max() <= 4


@pytest.mark.parametrize(("form", "size"), [("mp4", (98, 66)), ("webm", (97, 65)), ("gif", (97, 65))])
def test_odd_sizes_are_made_even_only_where_the_format_wants_it(
    video: Client, tmp_path: Path, form: str, size: tuple[int, int]
) -> None:
    made = make(video, photo(tmp_path), format=form, width=97, height=65)
    frames, _, _ = clip(made)
    assert (made.width, made.height) == size
    assert frames[0].shape[:2] == (size[1], size[0])
    assert made.receipt is not None
    assert any("made even" in note for note in made.receipt.notes) == (form == "mp4")


@pytest.mark.parametrize(("form", "codec"), [("mp4", "aac"), ("webm", "opus")])
def test_a_voice_over_is_heard_to_its_end(video: Client, tmp_path: Path, form: str, codec: str) -> None:
    from aigc_video.soundtrack import length_s

    made = make(video, photo(tmp_path), format=form, options={"audio": str(sound(tmp_path, 2.33))})
    _, _, about = clip(made)
    assert made.frames == 24  # a second was asked for, but the voice takes 2.33
    assert codec in about["codecs"]["audio"]
    path = tmp_path / f"clip.{form}"
    made.save(path)
    assert length_s(path) == pytest.approx(2.33, abs=0.03)


def test_captions_are_shown_from_their_first_frame_to_their_last(video: Client, tmp_path: Path) -> None:
    cues = [(0.2, 0.5, "Your morning, in red."), (0.73, 1.0, "Order yours.")]
    options = {"captions": str(srt(tmp_path, cues)), "background": "#808080"}
    image = picture(tmp_path)
    with_words, _, about = clip(make(video, image, width=320, height=240, fps=20, options=options, motion="still"))
    del options["captions"]
    without, _, _ = clip(make(video, image, width=320, height=240, fps=20, options=options, motion="still"))
    shown = [bool((np.abs(a.astype(int) - b)[160:] > 60).sum() > 200) for a, b in zip(with_words, without, strict=True)]
    assert shown == [4 <= i < 10 or 15 <= i < 20 for i in range(20)]
    assert about["codecs"]["subtitle"] == "mov_text"
    # Inside the safe area: nothing near an edge.
    changed = np.abs(with_words[6].astype(int) - without[6]).max(-1) > 60
    y, x = np.nonzero(changed)
    assert x.min() > 320 * 0.05
    assert x.max() < 320 * 0.95
    assert y.max() < 240 * 0.95


def test_long_captions_stay_inside(tmp_path: Path) -> None:
    from aigc_video.captions import Captions
    from aigc_video.subtitles import Cue

    words = "A very long caption that goes on and on, with many words, because somebody spoke without any pause at all."
    for size in ((1080, 1920), (640, 360), (128, 128)):
        shown = Captions([Cue(0, 1, words)], size, Fraction(25), None).on(Image.new("RGB", size, "grey"), 0)
        y, x = np.nonzero(np.asarray(shown)[..., 0] > 200)
        assert x.min() > 0.04 * size[0]
        assert x.max() < 0.96 * size[0]
        assert y.max() < 0.95 * size[1]
        assert np.ptp(y) > 0.05 * size[1]


def test_chinese_breaks_between_characters_and_not_before_punctuation() -> None:
    from aigc_video.captions import _pieces

    assert _pieces("你好，世界") == ["你", "好，", "世", "界"]
    assert _pieces("a red mug") == ["a ", "red ", "mug"]


def test_captions_that_the_font_cannot_show_are_refused(video: Client, tmp_path: Path) -> None:
    path = srt(tmp_path, [(0, 1, "星空之下")])
    with pytest.raises(InvalidRequest, match="星"):
        make(video, picture(tmp_path), options={"captions": str(path)})


@pytest.mark.parametrize("text", ["no times here", "1\n00:00:02,000 --> 00:00:01,000\nback in time\n", "\xff\xfe"])
def test_captions_that_are_none_are_refused(video: Client, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.srt").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidRequest):
        make(video, picture(tmp_path), options={"captions": str(tmp_path / "bad.srt")})


def test_title_and_end_card_frame_the_motion(video: Client, tmp_path: Path) -> None:
    Image.new("RGB", (96, 64), (0, 0, 200)).save(tmp_path / "title.png")
    Image.new("RGB", (96, 64), (0, 160, 0)).save(tmp_path / "end.png")
    options = {"title": str(tmp_path / "title.png"), "title_s": 1.0, "end_card": str(tmp_path / "end.png")}
    options |= {"end_card_s": 0.5, "background": "#ffffff"}
    frames, _, _ = clip(make(video, picture(tmp_path), duration_s=3.0, options=options))
    middles = np.array([frame[8, 8] for frame in frames]).astype(int)
    assert len(frames) == 30
    assert np.abs(middles[:6] - [0, 0, 200]).max() < 10
    assert np.abs(middles[10:24] - 255).max() < 10
    assert np.abs(middles[28:] - [0, 160, 0]).max() < 10
    assert 20 < middles[8][0] < 235  # on the way from the title to what moves


def test_cards_longer_than_the_clip_are_refused(video: Client, tmp_path: Path) -> None:
    card = {"title": str(picture(tmp_path)), "title_s": 2.0}
    with pytest.raises(InvalidRequest, match="cards take 2 s"):
        make(video, picture(tmp_path), options=card)
    assert make(video, picture(tmp_path), duration_s=None, options=card).frames == 60


def test_sound_in_a_gif_and_files_without_sound_are_refused(video: Client, tmp_path: Path) -> None:
    voice = str(sound(tmp_path, 0.5))
    with pytest.raises(InvalidRequest, match="gif"):
        make(video, picture(tmp_path), format="gif", options={"audio": voice})
    with pytest.raises(InvalidRequest, match="no sound"):
        make(video, picture(tmp_path), options={"audio": str(picture(tmp_path))})


def test_ten_thousand_frames_take_no_more_memory_than_a_hundred(tmp_path: Path) -> None:
    from aigc_video.encode import VideoFile, rate

    frames = [np.full((48, 64, 3), value, np.uint8) for value in (30, 60, 90)]

    def written(count: int) -> int:
        file = VideoFile(tmp_path / "long.mp4", "mp4", 64, 48, rate(30))
        for number in range(count):
            file.write(frames[number % 3])
        file.close()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = written(500)
    assert written(10_000) - before < 20_000  # kB


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_is_full_from_the_beginning_is_an_error(tmp_path: Path) -> None:
    from aigc_video import encode

    path = tmp_path / "clip.mp4"
    path.symlink_to("/dev/full")
    with pytest.raises(AigcError, match="No space left"):
        encode.VideoFile(path, "mp4", 64, 48, encode.rate(10))
    assert not path.is_symlink()


def test_a_disk_that_fills_up_is_an_error_and_leaves_nothing(video: Client, tmp_path: Path) -> None:
    from aigc_sdk.contract.spool import new_file

    folder = new_file("mp4").parent
    before = set(folder.iterdir())  # other tests' long artifacts
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)).save(noise)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(AigcError, match="cannot be written") as full:
            make(video, noise, width=300, height=300, duration_s=4.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.value.fix is not None
    assert set(folder.iterdir()) == before
    assert make(video, noise).frames == 10
