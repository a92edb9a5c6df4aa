"""The diffusers runner by folder: real loading and running code, tiny random weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from aigc_image import schedulers

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.errors import Cancelled, CorruptModel, InvalidRequest, PromptTooLong, UnknownModel, UnsafeFormat
from aigc_sdk.contract.events import Preview, Progress
from aigc_sdk.contract.requests import ImageRequest

from . import tiny
from .conftest import make, media, opened, picture


def _notes(artifact: ImageArtifact) -> str:
    assert artifact.receipt is not None
    return "; ".join(artifact.receipt.notes)


# --- text to picture --------------------------------------------------------------------------------------------------


def test_a_picture_repeats_itself_and_another_seed_does_not(pictures: Client, folder: Path) -> None:
    first = make(pictures, folder)
    assert (first.width, first.height, first.media_type) == (64, 64, "image/png")
    assert make(pictures, folder).content() == first.content()
    assert make(pictures, folder, seed=2).content() != first.content()
    assert _notes(first) == ""


@pytest.mark.parametrize("scheduler", ["ddim", "dpm++-2m-sde", "lcm"])
def test_a_picture_does_not_depend_on_its_batch(pictures: Client, folder: Path, scheduler: str) -> None:
    """Neither its first noise nor, with schedulers that add some at each step, the later one."""
    options = {"scheduler": scheduler}
    requests = [
        ImageRequest(prompt=prompt, model=str(folder), seed=seed, steps=3, options=options)
        for seed, prompt in enumerate(["red apple", "blue car", "a cat", "红苹果"])
    ]
    alone = [pictures.submit(request).result() for request in requests]
    for batch in (requests[:2], requests[::-1]):
        made = pictures.generate_many(batch)
        assert all(isinstance(artifact, ImageArtifact) for artifact in made)
        expected = [alone[requests.index(request)].content() for request in batch]
        assert [artifact.content() for artifact in made if isinstance(artifact, ImageArtifact)] == expected


def test_what_steers_the_picture(pictures: Client, folder: Path) -> None:
    plain = make(pictures, folder).content()
    changed = {
        "guidance": make(pictures, folder, guidance_scale=1.0),
        "negative": make(pictures, folder, negative_prompt="car"),
        "steps": make(pictures, folder, steps=3),
        "prompt": make(pictures, folder, "blue car"),
    }
    assert len({plain, *(artifact.content() for artifact in changed.values())}) == 1 + len(changed)


def test_sizes(pictures: Client, folder: Path) -> None:
    assert opened(make(pictures, folder, width=80, height=48)).size == (80, 48)
    assert opened(make(pictures, folder, width=32)).size == (32, 32)
    with pytest.raises(InvalidRequest, match="cannot make 70x64") as caught:
        make(pictures, folder, width=70, height=64)
    assert "72x64" in str(caught.value.fix)


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_formats(pictures: Client, folder: Path, form: str, kind: str) -> None:
    made = make(pictures, folder, format=form)
    assert made.media_type == f"image/{form}"
    assert opened(made).format == kind


def test_words_that_the_model_does_not_know(pictures: Client, folder: Path) -> None:
    assert (
        _notes(make(pictures, folder, "red zebra")) == "the model does not know: zebra; the rest of the prompt steered"
    )
    assert "knows none of the prompt's words" in _notes(make(pictures, folder, "красное яблоко"))
    assert _notes(make(pictures, folder, "红苹果!")) == ""
    assert "the model reads 16 tokens; the last 6 of the prompt's 22" in _notes(make(pictures, folder, "a " * 20))
    with pytest.raises(PromptTooLong):
        make(pictures, folder, "a " * 20_000)


def test_half_precision_makes_nearly_the_same_picture(pictures: Client, folder: Path) -> None:
    exact, near = (make(pictures, folder, runner=name) for name in ("diffusers", "diffusers-bf16"))
    difference = np.subtract(np.asarray(opened(exact), float), np.asarray(opened(near), float))
    assert np.sqrt(np.square(difference).mean()) < 8
    assert near.receipt is not None
    assert near.receipt.plan.dtype in ("bfloat16", "float32")  # the latter where the CPU has no bfloat16


# --- schedulers -------------------------------------------------------------------------------------------------------


def test_every_scheduler_that_is_called_compatible_runs(pictures: Client, folder: Path) -> None:
    usual = [name for name, kind in schedulers.SCHEDULERS.items() if not kind.flow and kind.samples and kind.zero_snr]
    made = {name: make(pictures, folder, steps=3, options={"scheduler": name}).content() for name in usual}
    assert len(set(made.values())) >= len(usual) - 1


def test_schedulers_of_a_network_that_predicts_noise(pictures: Client, tmp_path: Path) -> None:
    noise = tiny.stable_diffusion(tmp_path / "noise", prediction_type="epsilon")
    for name in ("euler-a", "heun"):
        make(pictures, noise, options={"scheduler": name})


def test_a_wrong_scheduler_is_refused_with_those_that_suit(pictures: Client, folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="'flow-euler' does not suit") as caught:
        make(pictures, folder, options={"scheduler": "flow-euler"})
    assert "ddim" in str(caught.value.fix)
    with pytest.raises(InvalidRequest, match="no scheduler 'eulr'") as caught:
        make(pictures, folder, options={"scheduler": "eulr"})
    assert "'euler'" in str(caught.value.fix)
    with pytest.raises(InvalidRequest, match="'euler-a' does not suit"):  # it cannot take a predicted picture
        make(pictures, folder, options={"scheduler": "euler-a"})


# --- from a picture ---------------------------------------------------------------------------------------------------


def test_picture_to_picture(pictures: Client, folder: Path) -> None:
    request = {"task": "image-to-image", "image": media(picture(100, 50)), "steps": 4}
    weak = make(pictures, folder, strength=0.3, **request)
    strong = make(pictures, folder, strength=1.0, **request)
    assert opened(weak).size == (88, 48)
    assert "resized from 100x50 to 88x48" in _notes(weak)
    assert weak.content() != strong.content()
    assert make(pictures, folder, strength=0.3, **request).content() == weak.content()


def test_picture_to_picture_needs_some_steps(pictures: Client, folder: Path) -> None:
    request = {"task": "image-to-image", "image": media(picture())}
    with pytest.raises(InvalidRequest, match=r"4 steps at strength 0\.2 are none"):
        make(pictures, folder, strength=0.2, steps=4, **request)
    with pytest.raises(InvalidRequest, match="strength 0 leaves"):
        make(pictures, folder, strength=0, **request)


def test_inpainting_keeps_what_is_masked_black(pictures: Client, folder: Path) -> None:
    from PIL import Image

    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    made = opened(make(pictures, folder, task="inpaint", image=media(picture()), mask=media(mask), strength=1.0))
    left = (0, 0, 32, 64)
    assert made.crop(left).tobytes() == picture().crop(left).tobytes()
    assert made.crop((32, 0, 64, 64)).tobytes() != picture().crop((32, 0, 64, 64)).tobytes()


def test_a_mask_of_another_size_is_refused(pictures: Client, folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="mask is 32x32 pixels, the picture 64x64"):
        make(pictures, folder, task="inpaint", image=media(picture()), mask=media(picture(32, 32)))


# --- while it runs ----------------------------------------------------------------------------------------------------


def test_progress_and_previews(pictures: Client, folder: Path) -> None:
    options = {"previews": 2}
    events = list(pictures.stream("image", "red apple", model=str(folder), seed=1, steps=5, options=options))
    assert [(e.step, e.of) for e in events if isinstance(e, Progress)] == [(step, 5) for step in range(1, 6)]
    previews = [event.artifact for event in events if isinstance(event, Preview)]
    assert len(previews) == 2
    assert all(isinstance(p, ImageArtifact) and opened(p).size == (64, 64) for p in previews)


def test_previews_do_not_change_the_picture(pictures: Client, folder: Path) -> None:
    assert make(pictures, folder, options={"previews": 1}).content() == make(pictures, folder).content()


def test_cancelling_takes_effect_within_a_step(pictures: Client, folder: Path) -> None:
    job = pictures.submit(ImageRequest(prompt="red apple", model=str(folder), seed=1, steps=90))
    steps = 0
    for event in job.events():
        if isinstance(event, Progress):
            steps += 1
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert 0 < steps < 80
    make(pictures, folder)


# --- LoRA -------------------------------------------------------------------------------------------------------------


def test_a_lora_changes_the_picture_and_leaves_no_trace(pictures: Client, folder: Path, tmp_path: Path) -> None:
    file = tiny.lora(tmp_path / "lora", folder)
    plain = make(pictures, folder).content()
    changed = make(pictures, folder, options={"lora": str(file)})
    weaker = make(pictures, folder, options={"lora": str(file.parent), "lora_scale": 0.3})
    assert len({plain, changed.content(), weaker.content()}) == 3
    assert "with the LoRA" in _notes(changed)
    assert make(pictures, folder).content() == plain


def test_a_lora_that_cannot_be_used(pictures: Client, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no LoRA"):
        make(pictures, folder, options={"lora": str(tmp_path / "no.safetensors")})
    with pytest.raises(InvalidRequest, match="does not fit this model"):
        make(pictures, folder, options={"lora": str(folder / "vae" / "diffusion_pytorch_model.safetensors")})
    pickled = tmp_path / "bad.safetensors"
    pickled.write_bytes(b"\x80\x04\x95" + b"\0" * 100)
    with pytest.raises(UnsafeFormat):
        make(pictures, folder, options={"lora": str(pickled)})
    make(pictures, folder)


# --- other pipelines, and folders that are none -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [tiny.stable_diffusion_xl, tiny.stable_diffusion_3])
def test_other_pipelines_and_all_their_tasks(pictures: Client, tmp_path: Path, kind) -> None:
    made = kind(tmp_path / "model")
    first = make(pictures, made)
    assert opened(first).size == (32, 32)
    assert make(pictures, made).content() == first.content()
    start = {"image": media(picture(32, 32)), "steps": 3, "strength": 0.7}
    make(pictures, made, task="image-to-image", **start)
    make(pictures, made, task="inpaint", mask=media(picture(32, 32).convert("L").point(lambda v: 255)), **start)
    assert make(pictures, made).content() == first.content()


def test_the_plugins_own_network_needs_no_trust(pictures: Client, tmp_path: Path) -> None:
    own = tiny.stable_diffusion(tmp_path / "own", unet="TextPriorUNet")
    first = make(pictures, own)
    assert make(pictures, own, runner="diffusers-bf16").media_type == "image/png"
    start = {"image": media(picture()), "strength": 1.0}
    make(pictures, own, task="image-to-image", **start)
    make(pictures, own, task="inpaint", mask=media(picture().convert("L")), **start)
    assert make(pictures, own).content() == first.content()


def test_flow_schedulers(pictures: Client, tmp_path: Path) -> None:
    flow = tiny.stable_diffusion_3(tmp_path / "sd3")
    for name in ("flow-euler", "flow-dpm++-2m", "flow-unipc"):
        assert np.asarray(opened(make(pictures, flow, options={"scheduler": name}))).std() > 0
    with pytest.raises(InvalidRequest, match="'ddim' does not suit"):
        make(pictures, flow, options={"scheduler": "ddim"})


def test_a_damaged_model_is_named(pictures: Client, tmp_path: Path) -> None:
    broken = tiny.stable_diffusion(tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CorruptModel, match="broken"):
        make(pictures, broken)
    shutil.rmtree(broken / "vae")
    with pytest.raises(CorruptModel, match="broken"):
        make(pictures, broken)


def test_pickles_strangers_and_remote_code_are_refused(pictures: Client, tmp_path: Path) -> None:
    pickled = tiny.stable_diffusion(tmp_path / "pickled")
    unet = pickled / "unet"
    (unet / "diffusion_pytorch_model.safetensors").rename(unet / "diffusion_pytorch_model.bin")
    with pytest.raises(UnsafeFormat, match="pickle"):
        make(pictures, pickled)
    index = pickled / "model_index.json"
    config = json.loads(index.read_text())
    index.write_text(json.dumps(config | {"_class_name": "LTXPipeline"}))
    with pytest.raises(UnknownModel):
        make(pictures, pickled)
    remote = tiny.stable_diffusion(tmp_path / "remote")
    (remote / "model_index.json").write_text(json.dumps(config | {"unet": ["my_unet", "MyUNet"]}))
    with pytest.raises(InvalidRequest, match="wants code from its repository"):
        make(pictures, remote)


def test_half_precision_files_are_found(pictures: Client, tmp_path: Path) -> None:
    half = tiny.stable_diffusion(tmp_path / "half")
    for path in half.rglob("*.safetensors"):
        path.rename(path.with_name(path.name.replace(".safetensors", ".fp16.safetensors")))
    make(pictures, half)
