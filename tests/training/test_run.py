"""A whole run: by the command line, stopped, killed, changed, and what comes out of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file

from aigc_sdk.contract.errors import Cancelled, InvalidRequest
from aigc_sdk.store.layout import sha256_of
from aigc_sdk.training import recipe as recipes
from aigc_sdk.training.run import Run
from aigc_sdk.training.train import plan_of, train

from . import shapes
from .conftest import invoke, tiny

WEIGHTS = ("unet", "vae")

KILLED = """
import os, signal, sys
from aigc_sdk.training.recipe import load
from aigc_sdk.training.run import Run
from aigc_sdk.training.train import plan_of, train

def progress(stage, step, steps, figures):
    if (stage, step) == ("diffusion", 3):
        os.kill(os.getpid(), signal.SIGKILL)

recipe = load("text-to-image", sys.argv[2:])
train(Run(recipe, plan_of(recipe), progress=progress))
"""


def load(*arguments: str) -> recipes.Recipe:
    return recipes.load(arguments[0], arguments[1:])


def weights(folder: Path, part: str) -> dict[str, torch.Tensor]:
    return load_file(folder / part / "diffusion_pytorch_model.safetensors")


def test_a_folder_of_pictures_becomes_a_model(trained: tuple[Path, Result], pictures: Path):
    out, result = trained
    assert result.exit_code == 0, result.output
    for step in ("collect", "clean", "train the autoencoder", "augment", "train the generator", "evaluate", "export"):
        assert f"{step} ..." in result.output
    assert f"model: {out / 'model'}" in result.output
    receipt = json.loads((out / "model" / "receipt.json").read_text())
    assert receipt["pictures"] == {"originals": 9, "recoloured": 0, "concepts": 9}
    assert receipt["stages"]["diffusion"]["samples"] == 12
    assert sum(stage["seconds"] for stage in receipt["stages"].values()) > 0  # of one, a tenth may be none
    assert receipt["data"][0]["pictures"] == 9
    assert receipt["plan"]["device"] == "cpu"
    for name, digest in receipt["files"].items():
        assert sha256_of(out / "model" / name) == digest
    assert {path.name for path in (out / "sheets").iterdir()} >= {"autoencoder-000003.png", "evaluation.png"}


def test_the_model_card_says_what_went_in_and_what_came_out(trained: tuple[Path, Result], pictures: Path):
    card = (trained[0] / "model" / "README.md").read_text()
    for told in (str(pictures), "not stated", "9 pictures of 9 things", "| diffusion | 3 | 12 |", "PSNR", "my run"):
        assert told in card


def test_the_model_names_no_place_on_this_machine(trained: tuple[Path, Result]):
    model = trained[0] / "model"
    for path in model.rglob("*.json"):
        if path.name != "receipt.json":
            assert str(trained[0].parent) not in path.read_text()


def test_the_model_loads_in_stock_pipelines(trained: tuple[Path, Result]):
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting, StableDiffusionPipeline
    from PIL import Image

    import_module("aigc_image.text_prior")  # diffusers takes classes of no library that is not imported already
    model, white = trained[0] / "model", Image.new("RGB", (16, 16), "white")
    drawn = StableDiffusionPipeline.from_pretrained(model)("red circle", num_inference_steps=2, output_type="np")
    assert drawn.images.shape == (1, 16, 16, 3)
    again = AutoPipelineForImage2Image.from_pretrained(model)
    assert again("a bar", image=white, strength=0.6, num_inference_steps=4).images[0].size == (16, 16)
    inside = AutoPipelineForInpainting.from_pretrained(model)
    assert inside("a bar", image=white, mask_image=white, num_inference_steps=2).images[0].size == (16, 16)
    assert all(value.dtype == torch.float16 for value in weights(model, "unet").values())


def test_a_model_of_named_things_brings_the_vocabulary_to_read_prompts_by(trained: tuple[Path, Result], tmp_path: Path):
    from aigc_image.wording import read
    from aigc_image.wording_vocabulary import find

    red, blue = (shapes.keyed(tmp_path / colour, colour) for colour in ("red", "blue"))
    names = shapes.annotations(tmp_path / "names")
    sets = ",".join(f"{{source: 'folder:{f}', style: {s}, licence: CC0-1.0}}" for f, s in ((red, "3d"), (blue, "flat")))
    data = f"data.annotations={{source: 'folder:{names}', licence: CC0-1.0, sha256: null}}"
    start = ["text-to-image", "data=emoji", "model=tiny", f"out={tmp_path / 'run'}", "device=cpu"]
    result = invoke(*start, f"data.sets=[{sets}]", data)
    assert result.exit_code == 0, result.output
    vocabulary = find(tmp_path / "run" / "model")
    assert vocabulary is not None
    assert read("two crimson cars, flat design", vocabulary).prompt == "red automobile, flat"
    receipt = json.loads((tmp_path / "run" / "model" / "receipt.json").read_text())
    assert "wordings.json" in receipt["files"]
    assert find(trained[0] / "model") is None  # its captions came with the pictures


def test_the_decoder_stage_leaves_the_unet_alone(trained: tuple[Path, Result]):
    checkpoints, pipeline = trained[0] / "checkpoints", trained[0] / "pipeline"
    (learned,) = (checkpoints / "diffusion").glob("step-*/average-unet.pt")
    average = torch.load(learned, weights_only=True)
    for name, value in weights(pipeline, "unet").items():
        assert torch.equal(value, average[f"module.{name}"]), name
    before, after = weights(trained[0], "vae"), weights(pipeline, "vae")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith(("decoder.", "post_quant_conv.")) for name in changed)


def test_a_finished_run_is_kept(trained: tuple[Path, Result], pictures: Path):
    receipt = trained[0] / "model" / "receipt.json"
    before = receipt.stat().st_mtime_ns
    result = invoke(*tiny(pictures, trained[0]))
    assert result.exit_code == 0, result.output
    assert result.output.count("kept from an earlier run") == 7
    assert receipt.stat().st_mtime_ns == before


def test_stopped_and_killed_it_ends_bit_for_bit_as_if_it_had_not_been(
    trained: tuple[Path, Result], pictures: Path, tmp_path: Path
):
    arguments = tiny(pictures, tmp_path / "run")
    recipe = load(*arguments)
    plan = plan_of(recipe)
    seen: list[tuple[str, int]] = []
    with pytest.raises(Cancelled, match="stopped in autoencoder"):
        train(Run(recipe, plan, progress=lambda *at: seen.append((at[0], at[1])), stopped=lambda: len(seen) > 0))
    assert seen == [("autoencoder", 1)]
    child = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, timeout=240)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    (left,) = (tmp_path / "run" / "checkpoints" / "diffusion").iterdir()
    assert left.name == "step-00000002"
    seen.clear()
    train(Run(recipe, plan, progress=lambda *at: seen.append((at[0], at[1]))))
    assert seen[0] == ("diffusion", 3)
    for part in WEIGHTS:
        ours, theirs = (weights(folder / "pipeline", part) for folder in (tmp_path / "run", trained[0]))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_another_recipe_in_the_same_folder_is_refused(trained: tuple[Path, Result], pictures: Path):
    refused = invoke(*tiny(pictures, trained[0], "text.batch=5"))
    assert refused.exit_code == 2
    assert "text.batch was 4, is 5" in refused.output
    refused = invoke(*tiny(pictures, trained[0], "autoencoder.steps=9"))
    assert refused.exit_code == 2
    assert "autoencoder.steps was 3, is 9, but text has begun" in refused.output


def test_more_steps_of_the_last_stages_go_on(trained: tuple[Path, Result], pictures: Path, tmp_path: Path):
    import shutil

    out = tmp_path / "longer"
    shutil.copytree(trained[0], out)
    result = invoke(*tiny(pictures, out, "diffusion.steps=4"))
    assert result.exit_code == 0, result.output
    assert "made again, because the steps have changed: checkpoints/decoder" in result.output
    receipt = json.loads((out / "model" / "receipt.json").read_text())
    assert receipt["stages"]["diffusion"]["steps"] == 4
    assert not torch.equal(*(weights(each / "pipeline", "unet")["conv_in.weight"] for each in (out, trained[0])))


def test_a_folder_that_is_no_run_is_left_alone(pictures: Path, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    refused = invoke(*tiny(pictures, tmp_path))
    assert refused.exit_code == 2
    assert "not of a training run" in refused.output
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["thesis.txt"]


def test_one_process_at_a_time(pictures: Path, tmp_path: Path):
    recipe = load(*tiny(pictures, tmp_path / "run"))
    run = Run(recipe, plan_of(recipe))
    with run.opened(), pytest.raises(InvalidRequest, match="another process"), run.opened():
        pass


def test_a_dry_run_tells_and_writes_nothing(pictures: Path, tmp_path: Path):
    result = invoke(*tiny(pictures, tmp_path / "run", "diffusion.steps=5000"), "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["data"][0]["pictures"] == 9
    assert told["stages"]["diffusion"]["left"] == 5000
    # The other stages have a few steps each, which may round to nothing.
    assert told["seconds"] >= told["stages"]["diffusion"]["seconds"] > 0
    assert [step["done"] for step in told["steps"]] == [False] * 7
    assert not (tmp_path / "run").exists()


def test_ctrl_c_waits_for_a_checkpoint_and_a_second_does_not(capsys: pytest.CaptureFixture[str]):
    from aigc_sdk.cli.train import Display, stopping

    assert threading.current_thread() is threading.main_thread()
    with Display() as display, stopping(display) as stopped:
        display.progress("text", 1, 9, {})
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert "after a checkpoint" in capsys.readouterr().err


def test_ctrl_c_between_stages_stops_at_once():
    from aigc_sdk.cli.train import Display, stopping

    with Display() as display, stopping(display):
        display.note("clean ...")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
