"""The video of a campaign: what is asked of the video model, what is kept, and one that is really made."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import SMALL
from .drawing import CAMERA, PAINTED, ball, encoded
from .voice import VOICE

FILM = SMALL.model_copy(update={"videos": True})
ALOUD = FILM.model_copy(update={"voice_over": True})
CHANNELS = ["google-rsa", "meta-feed", "meta-stories"]


@pytest.fixture
def filmed(run, scripted_client, tmp_path: Path):
    """Runs the small campaign with a camera, a voice and a picture."""
    PAINTED.clear()
    scripted_client.registry.add(CAMERA)
    scripted_client.registry.add(VOICE)
    (tmp_path / "own.png").write_bytes(encoded(ball()))

    def go(settings=ALOUD, **changes):
        return run(settings=settings, **{"picture": {"file": "own.png"}, "channels": CHANNELS, **changes})

    return go


@pytest.mark.model
def test_each_shape_gets_a_video_with_voice_captions_and_a_card(filmed, tmp_path: Path):
    result = filmed()
    assert result.gaps == ()
    assert {(v.shape, v.width, v.height, v.channels) for v in result.manifest.videos} == {
        ("square", 720, 720, ("meta-feed",)),
        ("story", 720, 1280, ("meta-stories",)),
    }
    (voice,) = result.manifest.voice_overs
    for video, request in zip(result.manifest.videos, PAINTED, strict=True):
        assert request.options.keys() == {"audio", "captions", "font", "end_card", "end_card_s", "background"}
        assert video.duration_s == pytest.approx(voice.duration_s + 2.5, abs=1 / 24)
        assert video.spoken
        assert (tmp_path / "out" / video.file).read_bytes() == b"film"
        assert (tmp_path / "out" / video.poster).stat().st_size > 1000
        assert (tmp_path / "out" / video.captions).is_file()
        assert f'poster="{video.poster}"' in result.page.read_text()
    assert Path(PAINTED[0].options["captions"]).read_text().startswith("1\n00:00:00,000 --> ")


@pytest.mark.model
def test_without_a_voice_the_headline_opens_it(filmed):
    result = filmed(FILM)
    assert {tuple(sorted(request.options)) for request in PAINTED} == {
        ("background", "end_card", "end_card_s", "title", "title_s")
    }
    assert not any(video.spoken or video.captions for video in result.manifest.videos)


@pytest.mark.model
def test_a_second_run_films_nothing_again_even_if_the_folder_has_moved(filmed, tmp_path: Path):
    filmed()
    assert len(PAINTED) == 2
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").rename(tmp_path / "out")
    filmed()
    assert len(PAINTED) == 2


@pytest.mark.model
def test_without_a_video_model_all_else_is_there(run, tmp_path: Path):
    (tmp_path / "own.png").write_bytes(encoded(ball()))
    result = run(settings=FILM, picture={"file": "own.png"}, channels=["meta-feed"])
    (gap,) = result.gaps
    assert (gap.channel, gap.segment) == ("video", "home office")
    assert "no installed plugin serves video" in gap.what
    assert result.manifest.ads


def test_channels_without_video_ask_for_none(filmed):
    assert filmed(channels=["google-rsa"]).manifest.videos == ()
    assert PAINTED == []


def test_without_a_picture_there_is_no_video(run):
    result = run(settings=FILM, channels=["meta-stories"])
    assert [gap.what for gap in result.gaps] == ["no video without a picture"]


@pytest.mark.model
def test_a_video_is_really_made(run, scripted_client, tmp_path: Path):
    av = pytest.importorskip("av")
    from aigc_video.manifest import MANIFEST

    scripted_client.registry.add(VOICE)
    scripted_client.registry.add(MANIFEST)
    (tmp_path / "own.png").write_bytes(encoded(ball()))
    result = run(settings=ALOUD, picture={"file": "own.png"}, channels=["meta-feed"])
    assert result.gaps == ()
    (video,) = result.manifest.videos
    with av.open(str(tmp_path / "out" / video.file)) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert film.streams.audio[0].codec_context.name == "aac"
        assert sum(1 for _ in film.decode(video=0)) == video.frames
