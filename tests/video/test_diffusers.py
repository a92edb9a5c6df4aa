"""Any diffusers video pipeline: found by its class, run, stopped, refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.errors import Cancelled, InvalidRequest, UnknownModel, UnsafeFormat
from aigc_sdk.contract.events import Progress
from aigc_sdk.contract.requests import VideoRequest
from aigc_sdk.contract.runner import SourceInfo

from . import tiny
from .conftest import clip, picture

pytest.importorskip("diffusers")


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.text_to_video_sd(tmp_path_factory.mktemp("models") / "sd")


@pytest.fixture(scope="module")
def wan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.wan(tmp_path_factory.mktemp("models") / "wan")


def test_a_unet_over_frames_makes_the_frames_asked_for(video: Client, unet: Path) -> None:
    made = video.generate(
        "video", "a red ball", model=str(unet), steps=2, width=32, height=32, duration_s=0.5, fps=8, seed=3
    )
    frames, times, _ = clip(made)
    assert (made.frames, len(frames), made.fps) == (4, 4, 8)
    assert frames[0].shape == (32, 32, 3)
    assert times == pytest.approx([0, 0.125, 0.25, 0.375])
    assert made.receipt is not None
    assert made.receipt.plan.runner == "diffusers"


def test_a_model_that_makes_four_frames_at_a_time_is_cut_to_length(video: Client, wan: Path) -> None:
    fields = {"model": str(wan), "steps": 2, "width": 32, "height": 32, "duration_s": 7 / 16, "seed": 5}
    made = video.generate("video", "a rocket takes off", **fields)
    assert (made.frames, made.fps) == (7, 16)  # 16: as the pipeline's own example plays it
    again = video.generate("video", "a rocket takes off", **fields)
    other = video.generate("video", "a rocket takes off", **{**fields, "seed": 6})
    assert made.content() == again.content()
    assert made.content() != other.content()


def test_the_first_frame_may_be_given(video: Client, tmp_path: Path) -> None:
    folder = tiny.ltx_image_to_video(tmp_path / "ltx")
    request = VideoRequest(
        task="image-to-video",
        prompt="a ball jumps",
        image={"path": picture(tmp_path)},
        model=str(folder),
        steps=2,
        width=32,
        height=32,
        duration_s=0.2,
        seed=1,
    )
    made = video.submit(request).result()
    assert made.frames == 5  # at 25 frames per second, the rate that the pipeline is told


def test_cancel_takes_effect_within_a_step(video: Client, unet: Path) -> None:
    request = VideoRequest(prompt="a ball", model=str(unet), steps=50, width=32, height=32, duration_s=0.5, seed=1)
    job = video.submit(request)
    for event in job.events():
        if isinstance(event, Progress) and event.step == 2:
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert sum(isinstance(event, Progress) for event in job.events()) <= 4
    assert video.generate("video", "a ball", model=str(unet), steps=1, width=32, height=32, duration_s=0.3).frames


def test_what_a_pipeline_cannot_be_told_is_refused(video: Client, unet: Path) -> None:
    with pytest.raises(InvalidRequest, match="motion"):
        video.generate("video", "a ball", model=str(unet), motion="spin")
    with pytest.raises(InvalidRequest, match="divisible"):
        video.generate("video", "a ball", model=str(unet), width=33, height=32, duration_s=0.3, steps=1)


def test_classes_are_told_by_what_they_give_back() -> None:
    from aigc_video.resolve import known, resolve

    found = {name: pipeline.tasks for name in ("WanPipeline", "StableVideoDiffusionPipeline", "LTXConditionPipeline")
             if (pipeline := known(name))}  # fmt: skip
    assert found == {
        "WanPipeline": ("text-to-video",),
        "StableVideoDiffusionPipeline": ("image-to-video",),
        "LTXConditionPipeline": ("text-to-video", "image-to-video"),
    }
    assert known("StableDiffusionPipeline") is None
    config = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    assert resolve(SourceInfo(id="a/b", uri="hf:a/b", config=config)) is None


def test_a_pipeline_of_pickles_is_refused() -> None:
    from aigc_video.resolve import resolve

    config = {"_class_name": "WanPipeline", "vae": ["diffusers", "AutoencoderKLWan"]}
    files = {"model_index.json": 10, "vae/config.json": 10, "vae/diffusion_pytorch_model.bin": 1000}
    with pytest.raises(UnsafeFormat, match="vae"):
        resolve(SourceInfo(id="a/b", uri="hf:a/b", files=files, config=config))


def test_only_what_is_loaded_is_fetched() -> None:
    from aigc_video.resolve import resolve

    config = {"_class_name": "WanPipeline", "vae": ["diffusers", "AutoencoderKLWan"]}
    names = (
        "model_index.json",
        "vae/config.json",
        "vae/m.safetensors",
        "vae/m.fp16.safetensors",
        "extra/x.safetensors",
    )
    card = resolve(SourceInfo(id="a/b", uri="hf:a/b", files=dict.fromkeys(names, 7), config=config))
    assert card is not None
    assert {file.path for file in card.sources[0].files} == {"model_index.json", "vae/config.json", "vae/m.safetensors"}
    assert card.default_options == {"fps": 16.0}


def test_a_folder_that_is_no_video_pipeline(video: Client, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    with pytest.raises(UnknownModel):
        video.generate("video", "a ball", model=str(tmp_path))
    assert threading.active_count() < 100
